"""What editors say of each word, in one place: plain sentences, the same for hover and for the documentation."""

from __future__ import annotations

DESCRIPTIONS: dict[str, str] = {
    # --- the files ---
    "version": "Version of this file's format. Always 1.",
    "defaults": "Default fields of every entry in this file; an entry or a profile overrides them.",
    "profiles": "Named sets of fields. An entry takes them with `profile: name`, or a list, merged in order.",
    "shared": (
        "Defaults and profiles for all files; those of a file override them. Only in models.yaml or "
        "models/_shared.yaml."
    ),
    "extends": (
        "Base environment files (environments/bases/NAME.yaml), in order. They override defaults.yaml, a later "
        "one overrides an earlier one, and this environment overrides all."
    ),
    "models": "Models by name. The key is the object's name; write namespace/name where two teams share a name.",
    "graphs": "InferenceGraphs by name: several models behind one address.",
    "trainedModels": "TrainedModels by name: model files that an InferenceService without a storageUri loads.",
    "runtimes": "ServingRuntimes and ClusterServingRuntimes of your own, by name.",
    "llmConfigs": "LLMInferenceServiceConfigs by name, for `baseRefs` of LLMInferenceServices.",
    "localModelCaches": "LocalModelCaches, LocalModelNamespaceCaches and LocalModelNodeGroups by name.",
    "storageContainers": "ClusterStorageContainers by name. They set which container downloads which URIs.",
    "extraManifests": "Objects beside models, by group/Kind/namespace/name (Kind/namespace/name for the core group).",
    "extraManifests.apiVersion": "Needed if there are schemas of several versions of the kind.",
    "extraManifests.metadata": "Labels and annotations of the object; its name and namespace are in the key.",
    "extraManifests.environments": (
        "Environments that have the object. The name of a base means all environments that extend it."
    ),
    "extraManifests.owner": "Team behind the object, for budgets, reports and code ownership. Never written to it.",
    "extraManifests-overlay": "What differs here, by object; null removes the object from this environment.",
    "models-overlay": "What differs here, by model; null removes the model from this environment.",
    "graphs-overlay": "What differs here, by graph; null removes it from this environment.",
    "trainedModels-overlay": "What differs here, by trained model; null removes it from this environment.",
    "runtimes-overlay": "What differs here, by runtime; null removes it from this environment.",
    "llmConfigs-overlay": "What differs here, by config; null removes it from this environment.",
    "localModelCaches-overlay": "What differs here, by cache; null removes it from this environment.",
    "storageContainers-overlay": "What differs here, by storage container; null removes it from this environment.",
    # --- our own words ---
    "kind": "Kind of the object. Default: the first kind of the section, for `models` InferenceService.",
    "environments": (
        "Environments that get this entry. The name of a base means all environments that extend it. Default: all."
    ),
    "owner": "Team behind the entry, for budgets, reports and code ownership. Never written to the object.",
    "profile": "Profile, or list of profiles, of this entry. The entry's own fields override them.",
    "accelerator": "GPUs of each replica: adds the resource to requests and limits, node selection and tolerations.",
    "accelerator.type": "Name of an accelerator that the environment defines.",
    "accelerator.count": "How many each replica gets. Default: 1. It does not imply parallelism.",
    "spec": (
        "Any field of the object, under KServe's own path. It is merged last. Setting the same path twice is an error."
    ),
    # --- the object ---
    "annotations": "Annotations of the object. KServe copies them to the pods: a change restarts them.",
    "labels": "Labels of the object. KServe copies them to the pods: a change restarts them.",
    "namespace": "Namespace of the object. The environment must create it (namespaces) or list it under prerequisites.",
    "deploymentMode": (
        "How KServe runs it: Standard (Deployments), Knative, or ModelMesh. With the value Default, kservegen "
        "writes nothing and the cluster's own mode applies. It cannot change later."
    ),
    "autoscalerClass": "Who scales it in Standard mode: hpa, keda, external or none.",
    "stop": "true stops the model and keeps the object.",
    # --- serving an artefact ---
    "modelFormat": "Format of the model: a name (sklearn, huggingface, ...) or {name, version}. Selects the runtime.",
    "storageUri": "Where the model is: hf://, s3://, gs://, pvc://, oci://, https:// ...",
    "storage": "Where the model is, by a key of the storage Secret instead of a URI.",
    "storageContainerName": (
        "ClusterStorageContainer that downloads the model, instead of the one that fits the URI (KServe v0.20.0)."
    ),
    "storageUris": "Several artefacts, each {uri, mountPath}. Excludes storageUri.",
    "runtime": "Name of the ServingRuntime or ClusterServingRuntime. By default KServe selects one by format.",
    "runtimeVersion": "Tag that replaces the one of the runtime's image.",
    "protocolVersion": "Protocol that the model must speak: v1, v2, grpc-v1, grpc-v2. Selects among runtimes.",
    "confidential": "Settings for confidential models (KServe v0.20.0).",
    "model": "LLMInferenceService: the model, a URI or {uri, name, lora}. InferenceService: predictor.model in full.",
    # --- the container ---
    "args": "Arguments added to the server's: a list, or a map so that an environment can change one of them.",
    "command": "Replaces the image's entry point.",
    "env": "Environment variables; layers merge by name.",
    "envFrom": "Sources of environment variables: ConfigMaps and Secrets.",
    "image": "Image of the serving container.",
    "imagePullPolicy": "Always, IfNotPresent or Never.",
    "lifecycle": "Hooks after start and before stop of the container.",
    "livenessProbe": "When the container is restarted.",
    "readinessProbe": "When the container gets requests.",
    "startupProbe": "How long the container may take to start.",
    "ports": "Ports of the container; layers merge by containerPort and protocol.",
    "resources": "Requests and limits of the serving container.",
    "securityContext": "Security context of the serving container.",
    "volumeMounts": "Mounts of the container; layers merge by mountPath.",
    "volumeDevices": "Block devices of the container.",
    "workingDir": "Working directory of the container.",
    "restartPolicy": "Restart policy of the container.",
    # --- the pod ---
    "affinity": "Affinity of the pods to nodes and to each other.",
    "automountServiceAccountToken": "Whether the ServiceAccount's token is mounted.",
    "containers": "Containers in KServe's own form; kserve-container (main for LLMs) is the serving one.",
    "initContainers": "Containers that run before the others; layers merge by name.",
    "imagePullSecrets": "Secrets for pulling images.",
    "nodeSelector": "Labels that a node must have.",
    "priorityClassName": "PriorityClass of the pods.",
    "runtimeClassName": "RuntimeClass of the pods.",
    "serviceAccountName": "ServiceAccount of the pods; KServe reads storage credentials from its Secrets.",
    "terminationGracePeriodSeconds": "Seconds between the request to stop and the kill.",
    "tolerations": "Taints that the pods tolerate.",
    "topologySpreadConstraints": "How pods spread over nodes and zones.",
    "volumes": "Volumes of the pod; layers merge by name.",
    # --- the component ---
    "minReplicas": "Fewest replicas. In Knative mode 0 scales to zero.",
    "maxReplicas": "Most replicas. 0 means no limit.",
    "scaleTarget": "Value of scaleMetric that one replica should carry.",
    "scaleMetric": "What is measured for scaling: cpu, memory, concurrency or rps, by deployment mode.",
    "scaleMetricType": "Utilization, Value or AverageValue.",
    "autoScaling": "Scaling by several metrics, for HPA and KEDA.",
    "containerConcurrency": "Requests that one replica handles at once; 0 means no limit.",
    "timeout": "Seconds before a request is given up.",
    "canaryTrafficPercent": "Share of traffic for the newest revision, in Knative mode.",
    "logger": "Sends requests and responses to a sink.",
    "batcher": "Collects requests into batches.",
    "deploymentStrategy": "How the Deployment rolls out, in Standard mode.",
    "workerSpec": "Workers of a multi-node predictor, in KServe's own form.",
    "predictor": "The predictor in KServe's own form, beside flat fields.",
    "transformer": "Pre- and post-processing: takes the same fields, nested under it.",
    "explainer": "Explanations: takes the same fields, nested under it, or `art`.",
    "worker": "Workers of a multi-node model: takes the same fields, nested under it.",
    "canary": "Canary releases in Standard mode (KServe v0.20.0).",
    "tracing": "OpenTelemetry tracing, in KServe's own form.",
    # --- LLMInferenceService ---
    "replicas": "Number of replicas. Excludes scaling.",
    "scaling": "Autoscaling by the workload variant autoscaler. Excludes replicas.",
    "parallelism": "How the model is spread: tensor, pipeline, data, dataLocal, expert.",
    "prefill": "Prefill pods of a disaggregated model: takes the same fields, nested under it.",
    "router": "true for {route: {}, gateway: {}, scheduler: {}}; each part true, false or its own block.",
    "router.route": "HTTPRoute: true lets KServe manage it.",
    "router.gateway": "Gateway: true means kserve/kserve-ingress-gateway, which must exist.",
    "router.scheduler": "Scheduler that picks an endpoint for each request: true lets KServe manage it.",
    "router.ingress": "Ingress instead of Gateway and route.",
    "baseRefs": "LLMInferenceServiceConfigs that this service is based on, in order.",
    "kvCacheOffloading": "Offloading of the KV cache to memory and disk, in KServe's own form.",
    "template": "Pod of the model in KServe's own form.",
    "storageInitializer": "Whether the model is downloaded before the server starts.",
    # --- owners.yaml ---
    "owners.version": "Version of this file's format. Always 1.",
    "owners.platform": "The platform team: it owns everything that belongs to no team.",
    "owners.platform.reviewers": (
        "Owners in CODEOWNERS of everything that belongs to no team: @user, @org/team or an email address."
    ),
    "owners.platform.words": (
        "Fields of entries that need permission: only teams that list them under `teams.NAME.words` may use them."
        " Default: [spec]."
    ),
    "owners.platform.namespaces": "Labels and annotations of every Namespace that is rendered for a team.",
    "owners.platform.namespaces.labels": "Labels, such as pod-security.kubernetes.io/enforce.",
    "owners.platform.namespaces.annotations": "Annotations.",
    "owners.platform.codeowners": "More lines of CODEOWNERS: by path or pattern, who reviews it.",
    "owners.teams": "Teams by name, each with what it may own. `owner` of an entry names one.",
    "owners.teams.reviewers": "Owners in CODEOWNERS of the team's files, and of what is rendered in its namespaces.",
    "owners.teams.files": "Files and folders of the catalog. Default: models/NAME.yaml and models/NAME/.",
    "owners.teams.namespaces": "Namespaces that only this team may use; search-* matches all that begin with search-.",
    "owners.teams.kinds": "Kinds that its files may have. Default: those of KServe that have a namespace.",
    "owners.teams.words": "Fields that need permission (`platform.words`) and that its files may use, such as spec.",
    "owners.teams.environments": (
        "Environments that it is in. The name of a base means all environments that extend it. Default: all."
    ),
    "owners.teams.quota": (
        "What each of its namespaces may request, with the fields of a budget. A ResourceQuota enforces it."
    ),
    "owners.teams.quota.accelerator": (
        "Accelerator that `limit` applies to. An environment without this accelerator limits nothing."
    ),
    "owners.teams.quota.limit": "Most accelerators.",
    "owners.teams.quota.cpu": "Most cores.",
    "owners.teams.quota.memory": "Most memory.",
    "owners.teams.quota.ephemeral-storage": "Most storage on nodes.",
    # --- environments ---
    "cluster": "The cluster of this environment.",
    "cluster.name": "Name of the cluster, as people and Argo CD call it.",
    "cluster.server": "URL of its API server, as Argo CD knows it.",
    "cluster.kubernetesVersion": 'Version of Kubernetes, quoted: "1.34".',
    "kserve": "KServe in this environment.",
    "kserve.version": "Release of KServe, with its v: the charts have this version and objects are checked against it.",
    "kserve.install": (
        "charts (default): the charts are rendered. none: others have installed KServe; an inventory or values "
        "describe how."
    ),
    "kserve.namespace": (
        "Namespace of KServe's controllers. Default: if others have installed KServe and the inventory has its "
        "settings, the namespace of these; otherwise kserve. OpenShift AI has redhat-ods-applications."
    ),
    "kserve.deploymentMode": "Mode of models that do not set their own: Standard, Knative or ModelMesh.",
    "kserve.charts": "Charts to add (true) or leave out (false) beside those that follow from the kinds in use.",
    "kserve.releaseNames": (
        "Names of Helm releases that differ from the name of their chart, by chart. Example: kserve-resources: "
        "kserve, if KServe was installed before v0.17."
    ),
    "kserve.values": "Helm values by chart. A key that the chart does not read is an error.",
    "prerequisites": (
        "Operators and objects that you promise are in the cluster; kservegen does not create them. Examples: "
        "cert-manager; Secret/namespace/name; Secret/name in any namespace; the pattern Secret/models-*/registry."
    ),
    "namespaces": "Namespaces to create, with their labels and annotations.",
    "gitops": "How the output reaches the cluster.",
    "gitops.engine": "What is written to sync/: argocd, Applications; flux, Kustomizations and HelmReleases; none, "
    "nothing.",
    "gitops.repoURL": "URL of this repository, as the cluster clones it.",
    "gitops.targetRevision": "Branch, tag or commit to sync. Default: main.",
    "gitops.path": "Folder of the output in the repository. Default: rendered.",
    "gitops.namespace": "Namespace of the GitOps engine's objects. Default: argocd, or flux-system.",
    "gitops.instance": (
        "Name of the Argo CD or Flux installation that reads this environment, if there are several. Environments"
        " with different instances may both have https://kubernetes.default.svc as their cluster. Default: one "
        "installation reads all."
    ),
    "gitops.chartRepository": "OCI registry and path of KServe's charts. Default: ghcr.io/kserve/charts.",
    "gitops.values": "Values of charts: ref, read from platform/values/; inline, in the sync objects. Default: ref.",
    "gitops.project": (
        "An existing AppProject, for all Applications. By default, one is rendered for models, one for the "
        "platform and one for the root Application."
    ),
    "gitops.namespaceResourceWhitelist": (
        "Namespaced kinds that folders of models may have beside those that kservegen renders, and that Argo CD "
        "then shows."
    ),
    "gitops.namespaceResourceWhitelist.group": 'API group, such as apps; "" for Kubernetes\' core.',
    "gitops.namespaceResourceWhitelist.kind": "Kind, such as Deployment.",
    "gitops.argocd": "Settings only for Argo CD.",
    "gitops.argocd.version": 'Release of Argo CD, as "3.2". Default: 3.2.',
    "gitops.argocd.applicationSet": (
        "Whether to render one ApplicationSet instead of the Applications; the names of the Applications stay."
    ),
    "gitops.argocd.chartSource": (
        "How charts are read: helm, as a Helm repository; oci, as OCI artifacts, from Argo CD 3.1 on. Default: helm."
    ),
    "gitops.flux": "Settings only for Flux.",
    "gitops.flux.secretRef": "Secret in Flux's namespace to read the Git repository with.",
    "gitops.flux.chartSecretRef": "Secret in Flux's namespace to pull the charts with.",
    "gitops.flux.kubeConfig": "Kubeconfig of the cluster to sync to. Default: the cluster that Flux runs in.",
    "gitops.flux.kubeConfig.secretRef": "Secret in Flux's namespace that holds the kubeconfig.",
    "gitops.flux.kubeConfig.configMapRef": "ConfigMap in Flux's namespace that sets how to authenticate.",
    "gitops.flux.serviceAccountName": (
        "An existing ServiceAccount that applies everything. By default, one is rendered for each layer, with a "
        "role that permits no more than the layer needs."
    ),
    "gitops.flux.serviceAccounts": (
        "ServiceAccounts of models: layer, one for all; namespace, one for each. Default: layer."
    ),
    "gitops.flux.timeout": "How long Flux waits for charts to install and models to be ready. Default: 10m.",
    "gitops.flux.deletionPolicy": (
        "What happens to models, runtimes, policies and quotas when their Kustomization is deleted. Default: "
        "Orphan, they stay."
    ),
    "gitops.flux.driftDetection": "What the HelmReleases do about objects of charts that were changed by hand.",
    "gitops.flux.driftDetection.mode": (
        "enabled: Flux corrects the change. warn: Flux reports it. disabled: Flux ignores it. Default: warn."
    ),
    "gitops.flux.driftDetection.ignore": "Fields that others may change.",
    "gitops.flux.ignore.paths": "JSON pointers of the fields.",
    "gitops.flux.ignore.target": "The objects that this applies to.",
    "accelerators": "Accelerators that models may request, by type.",
    "accelerators.resource": "Name of the extended resource, for example nvidia.com/gpu.",
    "accelerators.gpu": "Model of the GPU, for memory estimates.",
    "accelerators.memory": (
        "Memory of one GPU as its driver reports it (45776Mi). It overrides kservegen's table of GPUs."
    ),
    "accelerators.computeCapability": "Compute capability of the GPU, such as 8.9, for use together with `memory`.",
    "accelerators.share": "What one pod may use of a GPU that several pods share (time-slicing, MPS).",
    "accelerators.share.memory": "Memory that one pod may use. Default: an equal part for each neighbour.",
    "accelerators.share.neighbours": "How many other pods use the same GPU.",
    "accelerators.pricePerHour": "What one of them costs per hour, in the currency of your choice.",
    "accelerators.nodeSelector": "Labels of the nodes that have it.",
    "accelerators.tolerations": "Tolerations of the taints on those nodes.",
    "bandwidths": (
        "How fast data reaches nodes and GPUs. kservegen uses this to estimate how long a server takes to start."
    ),
    "bandwidths.download": "Bytes per second of a download into the cluster (200Mi).",
    "bandwidths.disk": "Bytes per second from a node's disk into its GPUs (2Gi).",
    "bandwidths.pull": "Bytes per second of pulling an image to a node (100Mi).",
    "imageSizes": "Sizes of images as a registry holds them (9Gi), by name without a tag, for estimates of starts.",
    "inventory": "Options for reading environments/ENV.inventory.yaml, which kservegen inventory writes.",
    "inventory.maxAgeDays": "Days after which the inventory is stale, a warning. Default: 30.",
    "inventory.nodePools": (
        "Use the nodes of the inventory as nodePools, if this environment sets none. Default: no. A pool that was"
        " scaled down when the inventory was taken is not among them."
    ),
    "nodePools": "Groups of equal nodes. kservegen checks that every pod can be scheduled on them.",
    "nodePools.accelerator": "The accelerator that the nodes have; its nodeSelector is on them.",
    "nodePools.nodes": "How many nodes the pool has.",
    "nodePools.nodes.min": "Nodes that are always there. Default: 0.",
    "nodePools.nodes.max": "Most nodes that it grows to. Default: as many as are needed.",
    "nodePools.allocatable": "What a node offers to pods, as in its status; accelerators are those of the pool's type.",
    "nodePools.daemonSets": "What the pods of DaemonSets request on each node, of what it offers.",
    "nodePools.nodeSelector": "Labels of the nodes, beside those of the accelerator.",
    "nodePools.taints": "Taints of the nodes. Default: those that the accelerator's tolerations are for.",
    "budgets": "Limits on what an environment, namespace or owner may use.",
    "budgets.accelerator": "Only pods that can be placed on this accelerator count.",
    "budgets.owner": "Only entries of this owner count.",
    "budgets.namespace": "Only objects of this namespace count.",
    "budgets.clusterQueue": (
        "Only pods that wait for this ClusterQueue of Kueue count. If a limit is not set here, the queue's "
        "nominal quota is the limit."
    ),
    "budgets.limit": "Most accelerators at maxReplicas.",
    "budgets.cpu": "Most cores that may be requested at maxReplicas.",
    "budgets.memory": "Most memory that may be requested at maxReplicas.",
    "budgets.ephemeral-storage": "Most ephemeral storage that may be requested at maxReplicas.",
    "budgets.quota": "Also enforce the budget in the cluster: render a ResourceQuota for its namespace.",
    "guards": (
        "Limits on what one change may do without a permit. They are read from the commit that the change is "
        "compared with, so a change cannot raise its own."
    ),
    "guards.maxRemovals": "Most objects that one change may remove.",
    "guards.maxRestartingAccelerators": "Most accelerators whose pods one change may restart.",
    "guards.maxLeftBehind": "Most objects that one change may leave running where nothing syncs them. Default: 0.",
    "permits": "Exceptions from guards until a day. A permit counts from the change after the one that adds it.",
    "permits.removals": "Objects that one change may remove, all models among them.",
    "permits.restartingAccelerators": "Accelerators whose pods one change may restart.",
    "permits.leftBehind": "Objects that one change may leave running by a move, or by removing everything.",
    "permits.rights": (
        "How many fields and kinds one change may add that give the GitOps engine more rights (project, accounts)."
    ),
    "permits.early": "How many models promote --stage may bring here before the previous stage meets its conditions.",
    "permits.reason": "Why it is meant.",
    "permits.owner": "Who is responsible for it.",
    "permits.expires": "Last day on which it counts, as year-month-day.",
    "policies": "Policies of this environment.",
    "policies.bindings": "Policies in force, by name, each with actions and params.",
    "policies.bindings.actions": "Deny (error), Warn (warning) or Audit (information).",
    "policies.bindings.params": "Parameters of the policy.",
    "policies.bindings.policyName": "Policy that is bound, if the binding has another name.",
    "policies.bindings.paramRef": "Parameters that another binding renders: name or selector, namespace, and "
    "parameterNotFoundAction.",
    "policies.bindings.matchResources": "Objects that the binding narrows its policy to, as in Kubernetes.",
    "policies.render": "Whether the cluster gets the policies. Default: yes, unless gitops.engine is none.",
    "policies.namespace": "Namespace of the rendered parameters. Default: that of KServe.",
    "policies.breakGlassLabel": (
        "Label of a namespace that excludes it from all bindings. Default: policies.kservegen.io/break-glass; "
        "null for none."
    ),
    "severities": "Severity by rule id: error, warning, info or ignore.",
    "requires": "Versions of kservegen that the repository is for: kservegen >= 0.2, < 0.3. Every command checks it.",
    "stages": (
        "The order in which a change goes through environments and bases; promote --stage and status use it. Only"
        " in environments/defaults.yaml."
    ),
    "stages.name": "Name of the stage. Without it, the name of any of its environments means the stage.",
    "stages.environments": (
        "Environments that a change reaches at once. The name of a base means all environments that extend it."
    ),
    "stages.soak": "How long a change stays here before it moves on: 24h, 7d, 1h30m. Default: no time.",
    "stages.ready": "Whether its models have to be Ready before a change moves on. Default: no.",
    "waivers": "Findings that are accepted until a day: rule or rules, model or models, reason, owner, expires.",
    "waivers.rule": "Id of a rule.",
    "waivers.rules": "Ids of rules.",
    "waivers.model": "Key of a model, or of another entry.",
    "waivers.models": "Patterns of namespace/name (growth/*), keys, or {owner: TEAM} for the models of that owner.",
    "waivers.models.owner": (
        "Owner of the models that are meant. The waiver's own `owner` is who is responsible for it."
    ),
    "waivers.budget": "Name of a budget.",
    "waivers.reason": "Why they are accepted.",
    "waivers.owner": "Who is responsible for the waiver.",
    "waivers.expires": "Last day on which it counts, as year-month-day.",
    "ownerLabel": (
        "Key of a label. If all models of a Namespace have the same owner, the Namespace gets this label with the"
        " owner's name; pods never get it. Default: none."
    ),
    "waiversFrom": (
        "Which waivers count in a pull request. `change` (default): also those that it adds, and the report names"
        " them. `base`: only those that are merged already."
    ),
    "unmanaged": "Manifests in rendered/ENV that kservegen does not render: path, reason, owner, expires.",
    "unmanaged.path": "The file, relative to the environment's folder in rendered/.",
    "unmanaged.expires": "Last day on which the file is accepted, as year-month-day.",
    "uriPrefixes": "Rewrites of URIs by prefix, the longest first, for mirrors and other buckets.",
    "images": "Rewrites of images in kustomize's form: name, newName, newTag, digest.",
}
