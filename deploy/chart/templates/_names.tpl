{{- define "auth-serve.labels" -}}
app.kubernetes.io/name: auth-serve
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
{{- define "auth-serve.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}
{{- else -}}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}
