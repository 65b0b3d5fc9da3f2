{{/*
A pod's specification. Takes root, role, args, resources, account; beside them
  ports   container ports, as a text of YAML
  probes  probes, as a text of YAML
  restart the restart policy, where it is not Always
*/}}
{{- define "fanal.pod" -}}
{{- $v := .root.Values -}}
{{- $needs := index (include "fanal.needs" .root | fromYaml) .role -}}
{{- $given := dict "root" .root "needs" $needs -}}
{{- $secrets := include "fanal.secrets" $given | trim -}}
{{- $sources := and (has "sources" $needs) (include "fanal.hasSources" .root) -}}
{{- $tokens := and $sources $v.collector.existingSecret -}}
{{- $cached := and (has "model" $needs) (ne $v.model.cache.type "image") -}}
{{- $own := ternary $v.screening dict (eq .role "screening") -}}
serviceAccountName: {{ .account }}
automountServiceAccountToken: false
# Kubernetes would name a variable for every Service here, FANAL_... among them: settings that Fanal refuses.
enableServiceLinks: false
{{- with .restart }}
restartPolicy: {{ . }}
{{- end }}
terminationGracePeriodSeconds: {{ $v.pod.terminationGracePeriodSeconds }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $v.pod.runAsUser | int64 }}
  runAsGroup: {{ $v.pod.runAsUser | int64 }}
  fsGroup: {{ $v.pod.fsGroup | int64 }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with $v.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with merge dict ($own.nodeSelector | default dict) $v.pod.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with concat $v.pod.tolerations ($own.tolerations | default list) }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.pod.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- if and $v.topologySpread.enabled (has .role (list "screening" "indexing" "erasing" "trends" "desk")) }}
topologySpreadConstraints:
{{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - topologyKey: {{ . }}
    maxSkew: {{ $v.topologySpread.maxSkew }}
    whenUnsatisfiable: {{ $v.topologySpread.whenUnsatisfiable }}
    labelSelector:
      matchLabels:
        {{- include "fanal.selector" $.root | nindent 8 }}
        app.kubernetes.io/component: {{ $.role }}
{{- end }}
{{- end }}
containers:
  - name: {{ .role }}
    image: {{ include "fanal.image" .root | quote }}
    imagePullPolicy: {{ $v.image.pullPolicy }}
    command: [fanal]
    args: {{ .args | toJson }}
    {{- if $sources }}
    workingDir: /etc/fanal
    {{- end }}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      runAsNonRoot: true
      capabilities: {drop: [ALL]}
    env: {{- include "fanal.env" $given | nindent 6 }}
    {{- with .ports }}
    ports: {{- . | nindent 6 }}
    {{- end }}
    {{- with .probes }}
    {{- . | nindent 4 }}
    {{- end }}
    resources: {{- include "fanal.resources" (dict "of" .resources "gpu" $own.gpu) | nindent 6 }}
    volumeMounts:
      - {name: data, mountPath: /var/lib/fanal}
      - {name: tmp, mountPath: /tmp}
      {{- if $secrets }}
      - {name: secrets, mountPath: /etc/fanal/secrets, readOnly: true}
      {{- end }}
      {{- if $sources }}
      - {name: config, mountPath: /etc/fanal/config, readOnly: true}
      {{- end }}
      {{- if $tokens }}
      - {name: sources, mountPath: /etc/fanal/sources, readOnly: true}
      {{- end }}
      {{- if $cached }}
      - {name: cache, mountPath: /var/cache/fanal}
      {{- end }}
      {{- with $v.pod.extraVolumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - {name: data, emptyDir: {sizeLimit: {{ $v.pod.dataSizeLimit }}}}
  - {name: tmp, emptyDir: {sizeLimit: 128Mi}}
  {{- if $secrets }}
  - name: secrets
    # 0440: Fanal refuses keys that others may read; the group is fsGroup.
    projected:
      defaultMode: 288
      sources: {{- $secrets | nindent 8 }}
  {{- end }}
  {{- if $sources }}
  - {name: config, configMap: {name: {{ include "fanal.sources" .root }}, defaultMode: 288}}
  {{- end }}
  {{- if $tokens }}
  - {name: sources, secret: {secretName: {{ $v.collector.existingSecret }}, defaultMode: 288}}
  {{- end }}
  {{- if $cached }}
  - name: cache
    {{- if eq $v.model.cache.type "claim" }}
    persistentVolumeClaim: {claimName: {{ $v.model.cache.claim }}}
    {{- else }}
    emptyDir: {sizeLimit: {{ $v.model.cache.sizeLimit }}}
    {{- end }}
  {{- end }}
  {{- with $v.pod.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Requests and limits; an accelerator is a limit. */}}
{{- define "fanal.resources" -}}
{{- $limits := deepCopy (.of.limits | default dict) -}}
{{- with .gpu -}}
{{- if .enabled -}}{{- $_ := set $limits .resource 1 -}}{{- end -}}
{{- end -}}
{{- toYaml (merge (dict "limits" $limits) (deepCopy .of)) -}}
{{- end -}}

{{/* Probes of a port by name; takes root, port, alive, ready. */}}
{{- define "fanal.probes" -}}
{{- $p := .root.Values.probes -}}
startupProbe:
  httpGet: {path: {{ .alive }}, port: {{ .port }}}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: {{ div (add (int $p.startupSeconds) 4) 5 }}
readinessProbe:
  httpGet: {path: {{ .ready }}, port: {{ .port }}}
  periodSeconds: {{ $p.periodSeconds }}
  timeoutSeconds: 5
  failureThreshold: {{ $p.failureThreshold }}
livenessProbe:
  httpGet: {path: {{ .alive }}, port: {{ .port }}}
  periodSeconds: {{ $p.periodSeconds }}
  timeoutSeconds: 5
  failureThreshold: {{ mul (int $p.failureThreshold) 3 }}
{{- end -}}
