{{- define "weft.name" -}}
{{- printf "%s-operator" .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "weft.labels" -}}
app.kubernetes.io/name: weft-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "weft.selector" -}}
app.kubernetes.io/name: weft-operator
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* What the operator may do where its objects are. It reads no Secret and makes no Pod by itself. */}}
{{- define "weft.rules" -}}
# The four kinds are the user's: the operator reads them and writes nothing of them but their status, and of an Entity
# the finalizer by which it waits for its copy to be removed.
- apiGroups: [weft.dev]
  resources: [warehouses, datagraphs, entities, enrichmentmappings]
  verbs: [list, watch]
- apiGroups: [weft.dev]
  resources: [entities]
  verbs: [patch]
- apiGroups: [weft.dev]
  resources: [warehouses/status, datagraphs/status, entities/status, enrichmentmappings/status]
  verbs: [patch]
# Children are owned with blockOwnerDeletion, which some clusters let only those set who may finalize the owner.
- apiGroups: [weft.dev]
  resources: [warehouses/finalizers, datagraphs/finalizers, entities/finalizers, enrichmentmappings/finalizers]
  verbs: [update]
# Plans: made once, never changed, removed when two newer ones are there.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [list, watch, create, delete]
# What turned and why, for `kubectl describe`; patched where it repeats.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
# How syncs, clean-ups and tests of connections ended stands in their pods.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
# Syncs at once, clean-ups and tests of connections: made once, removed when three newer ones have ended.
- apiGroups: [batch]
  resources: [jobs]
  verbs: [list, watch, create, delete]
# Syncs on schedule: applied (create where there is none), removed when an entity is not copied any more.
- apiGroups: [batch]
  resources: [cronjobs]
  verbs: [list, watch, create, patch, delete]
# Enrichers: applied, and removed by the garbage collector with their mapping.
- apiGroups: [apps]
  resources: [deployments]
  verbs: [list, watch, create, patch]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [list, watch, create, patch]
{{- end -}}
