{{/* The settings as variables. Secrets are files: see "fanal.secrets". Takes root and needs. */}}
{{- define "fanal.env" -}}
{{- $v := .root.Values -}}
{{- $at := "/etc/fanal/secrets" -}}
- {name: FANAL_DATA, value: /var/lib/fanal}
- {name: FANAL_LOG_LEVEL, value: {{ $v.logLevel | quote }}}
- {name: FANAL_SERVE_HOST, value: 0.0.0.0}
- {name: FANAL_SERVE_METRICS_PORT, value: {{ $v.metricsPort | quote }}}
- {name: FANAL_SERVE_DESK_PORT, value: {{ $v.desk.port | quote }}}
- {name: FANAL_SERVE_PUSH_PORT, value: {{ $v.collector.push.port | quote }}}
- {name: FANAL_SERVE_STALL_S, value: {{ $v.stallSeconds | quote }}}
{{- if has "kafka" .needs }}
{{- with $v.kafka }}
- {name: FANAL_KAFKA_BOOTSTRAP, value: {{ .bootstrap | quote }}}
- {name: FANAL_KAFKA_PREFIX, value: {{ .prefix | quote }}}
- {name: FANAL_KAFKA_PARTITIONS, value: {{ .partitions | quote }}}
- {name: FANAL_KAFKA_REPLICATION, value: {{ .replication | quote }}}
- {name: FANAL_KAFKA_RETENTION_HOURS, value: {{ .retentionHours | quote }}}
- {name: FANAL_KAFKA_SESSION_TIMEOUT_S, value: {{ .sessionTimeoutSeconds | quote }}}
- {name: FANAL_KAFKA_SECURITY_PROTOCOL, value: {{ .securityProtocol | quote }}}
{{- if hasPrefix "SASL" .securityProtocol }}
- {name: FANAL_KAFKA_SASL_MECHANISM, value: {{ .sasl.mechanism | quote }}}
{{- if eq .sasl.mechanism "OAUTHBEARER" }}
- {name: FANAL_KAFKA_OAUTH_TOKEN_URL, value: {{ .oauth.tokenUrl | quote }}}
{{- with .oauth.scope }}
- {name: FANAL_KAFKA_OAUTH_SCOPE, value: {{ . | quote }}}
{{- end }}
- name: FANAL_KAFKA_OAUTH_CLIENT_ID
  valueFrom: {secretKeyRef: {name: {{ .oauth.existingSecret }}, key: client-id}}
- {name: FANAL_KAFKA_OAUTH_CLIENT_SECRET_FILE, value: {{ $at }}/kafka.client-secret}
{{- else }}
- name: FANAL_KAFKA_SASL_USERNAME
  valueFrom: {secretKeyRef: {name: {{ .sasl.existingSecret }}, key: {{ .sasl.usernameKey }}}}
- {name: FANAL_KAFKA_SASL_PASSWORD_FILE, value: {{ $at }}/kafka.password}
{{- end }}
{{- end }}
{{- if .tls.caSecret }}
- {name: FANAL_KAFKA_CA_FILE, value: {{ $at }}/kafka-ca.crt}
{{- end }}
{{- if .tls.clientSecret }}
- {name: FANAL_KAFKA_CLIENT_CERT_FILE, value: {{ $at }}/kafka.crt}
- {name: FANAL_KAFKA_CLIENT_KEY_FILE, value: {{ $at }}/kafka.key}
{{- end }}
{{- end }}
{{- end }}
{{- if has "elasticsearch" .needs }}
{{- with $v.elasticsearch }}
- {name: FANAL_ELASTICSEARCH_URL, value: {{ .url | quote }}}
- {name: FANAL_ELASTICSEARCH_PREFIX, value: {{ .prefix | quote }}}
- {name: FANAL_ELASTICSEARCH_SHARDS, value: {{ .shards | quote }}}
- {name: FANAL_ELASTICSEARCH_REPLICAS, value: {{ .replicas | quote }}}
{{- if .apiKey.existingSecret }}
- {name: FANAL_ELASTICSEARCH_API_KEY_FILE, value: {{ $at }}/elasticsearch.api-key}
{{- else if .basic.existingSecret }}
- name: FANAL_ELASTICSEARCH_USERNAME
  valueFrom: {secretKeyRef: {name: {{ .basic.existingSecret }}, key: username}}
- {name: FANAL_ELASTICSEARCH_PASSWORD_FILE, value: {{ $at }}/elasticsearch.password}
{{- end }}
{{- if .tls.caSecret }}
- {name: FANAL_ELASTICSEARCH_CA_FILE, value: {{ $at }}/elasticsearch-ca.crt}
{{- end }}
{{- end }}
{{- end }}
{{- if has "keys" .needs }}
- {name: FANAL_PRIVACY_PSEUDONYM_KEY_FILE, value: {{ $at }}/pseudonym.key}
- {name: FANAL_PRIVACY_EVIDENCE_KEY_FILE, value: {{ $at }}/evidence.key}
- {name: FANAL_PRIVACY_KEY_ID, value: {{ $v.privacy.keyId | quote }}}
- {name: FANAL_PRIVACY_TOMBSTONE_DAYS, value: {{ $v.privacy.tombstoneDays | quote }}}
{{- end }}
{{- if has "model" .needs }}
- {name: FANAL_ENGINE, value: {{ $v.model.engine | quote }}}
- {name: FANAL_MODEL_THREADS, value: {{ $v.model.threads | quote }}}
{{- with $v.model.base }}
- {name: FANAL_MODEL_BASE, value: {{ . | quote }}}
{{- end }}
{{- with $v.model.baseSha256 }}
- {name: FANAL_MODEL_BASE_SHA256, value: {{ . | quote }}}
{{- end }}
{{- if ne $v.model.cache.type "image" }}
- {name: FANAL_CACHE, value: /var/cache/fanal}
{{- end }}
- {name: FANAL_SCREEN_SEEN_PER_PARTITION, value: {{ $v.screen.seenPerPartition | int64 | quote }}}
- {name: FANAL_SCREEN_CONTEXT, value: {{ $v.screen.context | quote }}}
{{- end }}
- {name: FANAL_TRENDS_PAGES_A_WEEK, value: {{ $v.trends.pagesAWeek | quote }}}
{{- with $v.pod.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Every secret that is needed, as files of one folder. Takes root and needs; empty where none is. */}}
{{- define "fanal.secrets" -}}
{{- $v := .root.Values -}}
{{- if has "keys" .needs }}
- secret: {name: {{ $v.privacy.existingSecret }}, items: [{key: pseudonym.key, path: pseudonym.key}, {key: evidence.key, path: evidence.key}]}
{{- end }}
{{- if has "kafka" .needs }}
{{- with $v.kafka }}
{{- if and (hasPrefix "SASL" .securityProtocol) (eq .sasl.mechanism "OAUTHBEARER") }}
- secret: {name: {{ .oauth.existingSecret }}, items: [{key: client-secret, path: kafka.client-secret}]}
{{- else if hasPrefix "SASL" .securityProtocol }}
- secret: {name: {{ .sasl.existingSecret }}, items: [{key: {{ .sasl.passwordKey }}, path: kafka.password}]}
{{- end }}
{{- with .tls.caSecret }}
- secret: {name: {{ . }}, items: [{key: {{ $v.kafka.tls.caKey }}, path: kafka-ca.crt}]}
{{- end }}
{{- with .tls.clientSecret }}
- secret: {name: {{ . }}, items: [{key: tls.crt, path: kafka.crt}, {key: tls.key, path: kafka.key}]}
{{- end }}
{{- end }}
{{- end }}
{{- if has "elasticsearch" .needs }}
{{- with $v.elasticsearch }}
{{- if .apiKey.existingSecret }}
- secret: {name: {{ .apiKey.existingSecret }}, items: [{key: api-key, path: elasticsearch.api-key}]}
{{- else if .basic.existingSecret }}
- secret: {name: {{ .basic.existingSecret }}, items: [{key: password, path: elasticsearch.password}]}
{{- end }}
{{- with .tls.caSecret }}
- secret: {name: {{ . }}, items: [{key: {{ $v.elasticsearch.tls.caKey }}, path: elasticsearch-ca.crt}]}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
