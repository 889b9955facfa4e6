"""What goes into a proxy's settings for a protected host, as the guide has it.

Indents and lengths are those of the programs' own documents: the linter is asked to
leave the texts alone.
"""

NAMED = "wiki.example.org"  # whose place the host takes
_SERVER = r"""
server {
    listen 443 ssl;
    server_name wiki.example.org;
    # ssl_certificate ...

    location / {
        auth_request /_auth_serve;
        error_page 401 403 = @auth_serve;
        auth_request_set $auth_user $upstream_http_x_auth_request_user;
        auth_request_set $auth_email $upstream_http_x_auth_request_email;
        auth_request_set $auth_name $upstream_http_x_auth_request_preferred_username;
        auth_request_set $auth_groups $upstream_http_x_auth_request_groups;
        auth_request_set $auth_roles $upstream_http_x_auth_request_roles;
        auth_request_set $auth_jwt $upstream_http_x_auth_request_jwt;

        proxy_pass http://127.0.0.1:3000;
        proxy_http_version 1.1;
        proxy_set_header Host $auth_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $auth_connection;
        # Each replaces what a visitor sent; an empty one is not sent on.
        proxy_set_header X-Auth-Request-User $auth_user;
        proxy_set_header X-Auth-Request-Email $auth_email;
        proxy_set_header X-Auth-Request-Preferred-Username $auth_name;
        proxy_set_header X-Auth-Request-Groups $auth_groups;
        proxy_set_header X-Auth-Request-Roles $auth_roles;
        proxy_set_header X-Auth-Request-Jwt $auth_jwt;
        proxy_set_header Cookie $auth_cookies;
    }
    location = /_auth_serve {
        internal;
        proxy_pass http://127.0.0.1:8000/forward-auth/nginx;
        include auth_serve.conf;
    }
    location @auth_serve {
        rewrite ^ /forward-auth break;
        proxy_pass http://127.0.0.1:8000;
        include auth_serve.conf;
    }
    location /.auth-serve/ {
        rewrite ^ /forward-auth break;
        proxy_pass http://127.0.0.1:8000;
        include auth_serve.conf;
    }
}
"""
_TOLD = r"""
proxy_method GET;
proxy_pass_request_body off;
proxy_set_header Content-Length "";
proxy_set_header Host $http_host;
proxy_set_header Connection "";
proxy_http_version 1.1;
proxy_set_header X-Forwarded-Host $auth_host;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Uri $request_uri;
proxy_set_header X-Forwarded-Method $request_method;
proxy_set_header X-Forwarded-For $remote_addr;
"""
_HTTP = r"""
map $http_upgrade $auth_connection { default upgrade; '' ''; }
# Of the host that is served, whatever Host says; another one is told to nobody.
map "$server_name $http_host" $auth_host {
    default "";
    "~*^(\S+) (?<auth_named>\1(?::[0-9]+)?)$" $auth_named;
}
map $http_cookie $auth_cookies_1 {
    default $http_cookie;
    "~^(?<a1>.*?)(?:;\s*)?(?:__Host-|auth_serve_)auth_serve_host=[^;]*(?<b1>.*)$" "$a1$b1";
}
map $auth_cookies_1 $auth_cookies {
    default $auth_cookies_1;
    "~^(?<a2>.*?)(?:;\s*)?(?:__Host-|auth_serve_)auth_serve_browser=[^;]*(?<b2>.*)$" "$a2$b2";
}
"""  # noqa: E101,E501,W191
_CADDY = r"""
wiki.example.org {
	route {
		request_header -X-Auth-Request-*
		forward_auth 127.0.0.1:8000 {
			uri /forward-auth
			copy_headers X-Auth-Request-User X-Auth-Request-Email X-Auth-Request-Preferred-Username X-Auth-Request-Groups X-Auth-Request-Roles X-Auth-Request-Jwt
		}
		request_header Cookie "(?:__Host-|auth_serve_)auth_serve_(?:host|browser)=[^;]*;?\s*" ""
		reverse_proxy 127.0.0.1:3000
	}
}
"""  # noqa: E101,E501,W191
_TRAEFIK = r"""
http:
  middlewares:
    auth-serve:
      forwardAuth:
        address: http://127.0.0.1:8000/forward-auth
        authResponseHeaders:
          - X-Auth-Request-User
          - X-Auth-Request-Email
          - X-Auth-Request-Preferred-Username
          - X-Auth-Request-Groups
          - X-Auth-Request-Roles
          - X-Auth-Request-Jwt
  routers:
    wiki:
      rule: Host(`wiki.example.org`)
      middlewares: [auth-serve]
      service: wiki
      tls: {}
"""


def snippets(host: str) -> list[tuple[str, str]]:
    """Return what each proxy calls it, and the text.

    Args:
        host: A protected host, perhaps with a port, which nginx says elsewhere.
    """
    name = host.partition(":")[0] if host[:1] != "[" else host.partition("]")[0] + "]"
    told = (
        ("nginx", _SERVER.replace(NAMED, name)),
        ("nginx (auth_serve.conf)", _TOLD),
        ("nginx (http { })", _HTTP),
        ("Caddy", _CADDY.replace(NAMED, host)),
        ("Traefik", _TRAEFIK.replace(NAMED, name)),
    )
    return [(proxy, text.removeprefix("\n")) for proxy, text in told]
