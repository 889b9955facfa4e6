#!/bin/sh
# opentelemetry-exporter-otlp 1.68.0 and opentelemetry-sdk-extension-autoconfigure 1.68.0 (Maven
# Central), Java 17; compared: @opentelemetry/exporter-trace-otlp-proto 0.223.1 (npm), Node 20.
#
# Expected: a collector behind a sign-in gets the header that OTEL_EXPORTER_OTLP_HEADERS names.
# It is written as W3C Baggage is (OpenTelemetry specification, "OTLP Exporter", section
# "Specifying headers via environment variables"), whose values are percent-encoded (W3C
# Baggage, "value"); "+" is one of the characters that stand for themselves there,
# and one of base64's, which Basic (RFC 7617) and Bearer (RFC 6750 section 2.1) have.
#
# Seen: Java reads the value as a form is read, so every "+" of it becomes a space: the
# collector gets "Basic YTpifn4 Pz8=", and refuses whoever sends it. JavaScript's exporter sends
# it as it was. "%2B" is right with both. Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.opentelemetry</groupId><artifactId>opentelemetry-exporter-otlp</artifactId>
      <version>1.68.0</version>
    </dependency>
    <dependency>
      <groupId>io.opentelemetry</groupId>
      <artifactId>opentelemetry-sdk-extension-autoconfigure</artifactId>
      <version>1.68.0</version>
    </dependency>
  </dependencies>
</project>
XML
mvn --quiet --batch-mode -Dmaven.repo.local="$folder/repository" \
  dependency:copy-dependencies -DoutputDirectory=lib >/dev/null
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @opentelemetry/exporter-trace-otlp-proto@0.223.1 \
  @opentelemetry/sdk-trace-base@2.12.1
cat > Run.java <<'JAVA'
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;

public class Run {
  public static void main(String[] none) {
    var sdk = AutoConfiguredOpenTelemetrySdk.initialize().getOpenTelemetrySdk();
    sdk.getTracer("finding").spanBuilder("span").startSpan().end();
    sdk.close();
  }
}
JAVA
cat > run.mjs <<'JS'
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { promisify } from "node:util";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BasicTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";

let got;
const collector = createServer((request, response) => {
  got = request.headers.authorization;
  response.end();
});
const senders = {
  async java(endpoint) {
    const env = {
      ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_METRICS_EXPORTER: "none",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf", OTEL_LOGS_EXPORTER: "none",
    };
    await promisify(execFile)("java", ["-cp", "lib/*", "Run.java"], { env });
  },
  async javascript(endpoint) {
    process.env.OTEL_EXPORTER_OTLP_ENDPOINT = endpoint;
    const provider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter())],
    });
    provider.getTracer("finding").startSpan("span").end();
    await provider.shutdown();
  },
};
collector.listen(0, "127.0.0.1", async () => {
  const seen = [];
  for (const value of ["Basic YTpifn4+Pz8=", "Basic YTpifn4%2BPz8="]) {
    process.env.OTEL_EXPORTER_OTLP_HEADERS = `authorization=${value}`;
    for (const [name, send] of Object.entries(senders)) {
      got = "nothing";
      await send(`http://127.0.0.1:${collector.address().port}`);
      seen.push(`${value} by ${name}: ${got}`);
    }
  }
  console.log(seen.join("\n"));
  process.exit(seen.join("\n") === `Basic YTpifn4+Pz8= by java: Basic YTpifn4 Pz8=
Basic YTpifn4+Pz8= by javascript: Basic YTpifn4+Pz8=
Basic YTpifn4%2BPz8= by java: Basic YTpifn4+Pz8=
Basic YTpifn4%2BPz8= by javascript: Basic YTpifn4+Pz8=` ? 0 : 1);
});
JS
timeout 100 node run.mjs
