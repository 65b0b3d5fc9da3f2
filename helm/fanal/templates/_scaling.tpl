{{/* Up at once by as many again, down by a quarter after calm: each step is a rebalance. */}}
{{- define "fanal.behaviour" -}}
scaleUp:
  stabilizationWindowSeconds: 0
  policies:
    - {type: Percent, value: 100, periodSeconds: 60}
    - {type: Pods, value: 2, periodSeconds: 60}
scaleDown:
  stabilizationWindowSeconds: {{ .Values.scaling.cooldownSeconds }}
  policies:
    - {type: Percent, value: 25, periodSeconds: 60}
{{- end -}}

{{/* Whether KEDA is given secrets: a login, an authority, a certificate. */}}
{{- define "fanal.kedaLogin" -}}
{{- if include "fanal.kedaSecrets" . | trim -}}yes{{- end -}}
{{- end -}}

{{/* Name under which KEDA knows a mechanism. */}}
{{- define "fanal.kedaMechanism" -}}
{{- get (dict "PLAIN" "plaintext" "SCRAM-SHA-256" "scram_sha256" "SCRAM-SHA-512" "scram_sha512" "OAUTHBEARER" "oauthbearer") .Values.kafka.sasl.mechanism -}}
{{- end -}}

{{/* The same secrets as the workers', under KEDA's names. */}}
{{- define "fanal.kedaSecrets" -}}
{{- with .Values.kafka }}
{{- if hasPrefix "SASL" .securityProtocol }}
{{- if eq .sasl.mechanism "OAUTHBEARER" }}
- {parameter: username, name: {{ .oauth.existingSecret }}, key: client-id}
- {parameter: password, name: {{ .oauth.existingSecret }}, key: client-secret}
{{- else }}
- {parameter: username, name: {{ .sasl.existingSecret }}, key: {{ .sasl.usernameKey }}}
- {parameter: password, name: {{ .sasl.existingSecret }}, key: {{ .sasl.passwordKey }}}
{{- end }}
{{- end }}
{{- if .tls.caSecret }}
- {parameter: ca, name: {{ .tls.caSecret }}, key: {{ .tls.caKey }}}
{{- end }}
{{- if .tls.clientSecret }}
- {parameter: cert, name: {{ .tls.clientSecret }}, key: tls.crt}
- {parameter: key, name: {{ .tls.clientSecret }}, key: tls.key}
{{- end }}
{{- end }}
{{- end -}}
