{{/* What the schema cannot compare. One line each; nothing is installed. */}}
{{- define "fanal.refusals" -}}
{{- range $role := list "screening" "indexing" -}}
{{- range $by := list "keda" "hpa" -}}
{{- $scaler := index (index $.Values $role) $by | default dict -}}
{{- if $scaler.enabled -}}
{{- if gt (int $scaler.minReplicas) (int $scaler.maxReplicas) -}}
{{- fail (printf "%s.%s: minReplicas %d is more than maxReplicas %d" $role $by (int $scaler.minReplicas) (int $scaler.maxReplicas)) -}}
{{- end -}}
{{- if gt (int $scaler.maxReplicas) (int $.Values.kafka.partitions) -}}
{{- fail (printf "%s.%s: maxReplicas %d is more than kafka.partitions %d; a worker without a partition does nothing" $role $by (int $scaler.maxReplicas) (int $.Values.kafka.partitions)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $role := list "screening" "indexing" "erasing" -}}
{{- if gt (int (index $.Values $role).replicas) (int $.Values.kafka.partitions) -}}
{{- fail (printf "%s: replicas %d is more than kafka.partitions %d; a worker without a partition does nothing" $role (int (index $.Values $role).replicas) (int $.Values.kafka.partitions)) -}}
{{- end -}}
{{- end -}}
{{- with .Values.collector -}}
{{- if and .enabled (not $.Values.erasing.enabled) -}}
{{- fail "collector: erasing.enabled must be true; no live source is read where deletions are not carried out" -}}
{{- end -}}
{{- end -}}
{{- end -}}
