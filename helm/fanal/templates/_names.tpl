{{/* The name of the release's objects: at most 40 characters, for roles are put behind it. */}}
{{- define "fanal.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects every pod of the release. It never changes: a Deployment's selector cannot. */}}
{{- define "fanal.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "fanal.labels" -}}
{{ include "fanal.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: fanal
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "fanal.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end -}}

{{- define "fanal.account" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "fanal.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}

{{/* The roles that are switched on, by commas. */}}
{{- define "fanal.roles" -}}
{{- $found := list -}}
{{- range list "screening" "indexing" "erasing" "trends" "collector" "desk" -}}
{{- if (index $.Values .).enabled -}}{{- $found = append $found . -}}{{- end -}}
{{- end -}}
{{- join "," $found -}}
{{- end -}}

{{/* What each needs: a pod is given these secrets and may reach these peers, and no others. */}}
{{- define "fanal.needs" -}}
screening: [kafka, keys, model]
indexing: [kafka, elasticsearch]
erasing: [kafka, elasticsearch, keys, sources, internet]
trends: [kafka]
collector: [kafka, sources, internet]
desk: [elasticsearch]
setup: [kafka, elasticsearch]
test: [kafka, elasticsearch, keys, model]
{{- end -}}

{{- define "fanal.sources" -}}
{{- .Values.collector.existingConfigMap | default (printf "%s-sources" (include "fanal.fullname" .)) -}}
{{- end -}}

{{/* Whether the sources' configuration is mounted. */}}
{{- define "fanal.hasSources" -}}
{{- if and .Values.collector.enabled (or .Values.collector.existingConfigMap .Values.collector.sources) -}}yes{{- end -}}
{{- end -}}
