"""The words of an environment file as JSON Schema properties; every word is described in `descriptions`."""

from __future__ import annotations

from kservegen.catalog.descriptions import DESCRIPTIONS
from kservegen.catalog.engines import ENGINE_NAMES
from kservegen.catalog.requirement import REQUIREMENT
from kservegen.catalog.stages import SOAK
from kservegen.core.jsontypes import JsonObject, JsonValue

TEXT: JsonObject = {"type": "string"}
FLAG: JsonObject = {"type": "boolean"}
TEXT_MAP: JsonObject = {"type": ["object", "null"], "additionalProperties": {"type": ["string", "null"]}}
QUANTITY: JsonObject = {"type": ["string", "number"]}
# Helm's own rule: it adds suffixes to the name of a release.
_RELEASE = "^[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?$"
# A label of DNS.
_NAMESPACE = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
_DATE: JsonObject = {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
_SAID: JsonObject = {"type": "string", "minLength": 1}
_MEMORY: JsonObject = {"type": "string", "pattern": "^[0-9]+([.][0-9]+)?[MGT]i?$"}
COUNT: JsonObject = {"type": "integer", "minimum": 0}


def environment_properties(*, toleration: JsonObject, charts: list[str], versions: list[str]) -> JsonObject:
    """Return the properties of an environment file beside the catalog's sections."""
    return {
        "version": {"const": 1},
        "extends": {"type": "array", "uniqueItems": True, "items": TEXT},
        "requires": {"type": "string", "pattern": REQUIREMENT},
        "stages": {"type": "array", "minItems": 1, "items": _stage()},
        "cluster": _object("cluster", name=TEXT, server=TEXT, kubernetesVersion=TEXT),
        "kserve": _object(
            "kserve",
            version={"type": "string", "examples": list(versions)},
            install={"enum": ["charts", "none"]},
            namespace={"type": "string", "pattern": _NAMESPACE},
            deploymentMode={"enum": ["Standard", "Knative", "ModelMesh"]},
            charts=_per_chart(charts, FLAG),
            releaseNames=_per_chart(charts, {"type": ["string", "null"], "pattern": _RELEASE}),
            values=_per_chart(charts, {"type": ["object", "null"]}),
        ),
        "prerequisites": {"type": "array", "items": TEXT},
        "namespaces": _map(_object("namespaces", labels=TEXT_MAP, annotations=TEXT_MAP)),
        "gitops": _object(
            "gitops",
            engine={"enum": [*ENGINE_NAMES]},
            repoURL=TEXT,
            targetRevision=TEXT,
            path=TEXT,
            namespace=TEXT,
            instance=TEXT,
            chartRepository={"type": "string", "pattern": "^(oci://)?[^:/ ]+(:[0-9]+)?(/[^:/ ]+)*/?$"},
            values={"enum": ["ref", "inline"]},
            project=TEXT,
            namespaceResourceWhitelist={"type": "array", "uniqueItems": True, "items": _group_kind()},
            argocd=_object(
                "gitops.argocd",
                version={"type": "string", "pattern": "^v?[0-9]+[.][0-9]+([.][0-9]+)?$"},
                applicationSet=FLAG,
                chartSource={"enum": ["helm", "oci"]},
            ),
            flux=_flux(),
        ),
        "accelerators": _map(
            _object(
                "accelerators",
                resource=TEXT,
                gpu=TEXT,
                memory=_MEMORY,
                computeCapability={"type": ["string", "number"], "pattern": "^[0-9]+[.][0-9]$", "minimum": 1},
                share=_object("accelerators.share", memory=_MEMORY, neighbours=COUNT),
                pricePerHour={"type": "number", "minimum": 0},
                nodeSelector=TEXT_MAP,
                tolerations={"type": "array", "items": toleration},
            )
        ),
        "bandwidths": _object("bandwidths", download=_MEMORY, disk=_MEMORY, pull=_MEMORY),
        "imageSizes": {"type": "object", "additionalProperties": _MEMORY},
        "nodePools": _map(
            _object(
                "nodePools",
                accelerator=TEXT,
                nodes=_object("nodePools.nodes", min=COUNT, max=COUNT),
                allocatable={"type": "object", "additionalProperties": QUANTITY},
                daemonSets={"type": "object", "additionalProperties": QUANTITY},
                nodeSelector=TEXT_MAP,
                taints={"type": "array", "items": _taint()},
            )
        ),
        "inventory": _object("inventory", maxAgeDays=COUNT, nodePools=FLAG),
        "budgets": _map(
            _object(
                "budgets",
                accelerator=TEXT,
                owner=TEXT,
                namespace=TEXT,
                clusterQueue=TEXT,
                limit=COUNT,
                cpu=QUANTITY,
                memory=QUANTITY,
                **{"ephemeral-storage": QUANTITY},
                quota=FLAG,
            )
        ),
        "guards": _object("guards", maxRemovals=COUNT, maxRestartingAccelerators=COUNT, maxLeftBehind=COUNT),
        "permits": _map(
            {
                **_object(
                    "permits",
                    removals=COUNT,
                    restartingAccelerators=COUNT,
                    leftBehind=COUNT,
                    rights=COUNT,
                    early=COUNT,
                    reason=_SAID,
                    owner=_SAID,
                    expires=_DATE,
                ),
                "required": ["reason", "owner", "expires"],
            }
        ),
        "policies": _object(
            "policies",
            bindings=_map(
                _object(
                    "policies.bindings",
                    actions={
                        "type": "array",
                        "minItems": 1,
                        "uniqueItems": True,
                        "items": {"enum": ["Deny", "Warn", "Audit"]},
                    },
                    params={"type": ["object", "null"]},
                    policyName=TEXT,
                    paramRef={"type": ["object", "null"]},
                    matchResources={"type": ["object", "null"]},
                )
            ),
            render={"type": ["boolean", "null"]},
            namespace=TEXT,
            breakGlassLabel={"type": ["string", "null"]},
        ),
        "severities": {
            "type": "object",
            "additionalProperties": {  # `off` is taken, and nobody is told to write it
                "if": {"const": "off"},
                "else": {"enum": ["error", "warning", "info", "ignore", None]},
            },
        },
        "waivers": _map(
            {
                **_object(
                    "waivers",
                    rule=TEXT,
                    rules={"type": "array", "items": TEXT},
                    model=TEXT,
                    models=_waived_models(),
                    budget=TEXT,
                    reason=TEXT,
                    owner=TEXT,
                    expires=_DATE,
                ),
                "required": ["reason", "owner", "expires"],
                "anyOf": [{"required": ["rule"]}, {"required": ["rules"]}],
            }
        ),
        "ownerLabel": {"type": ["string", "null"], "minLength": 1},
        "waiversFrom": {"enum": ["change", "base"]},
        "unmanaged": _map(
            {
                **_object("unmanaged", path=TEXT, reason=TEXT, owner=TEXT, expires=_DATE),
                "required": ["path", "reason", "owner", "expires"],
            }
        ),
        "uriPrefixes": TEXT_MAP,
        "images": {
            "type": "array",
            "items": {**_object("images", name=TEXT, newName=TEXT, newTag=TEXT, digest=TEXT), "required": ["name"]},
        },
    }


def _stage() -> JsonObject:
    """Return a stage: a list of names, a name alone, or a map that has either and what a change waits for."""
    names: JsonObject = {"type": "array", "minItems": 1, "items": _SAID}
    words = _object(
        "stages",
        name=_SAID,
        environments={**names, "type": ["array", "string"], "minLength": 1},
        soak={"type": "string", "minLength": 2, "pattern": SOAK},
        ready=FLAG,
    )
    return {**names, **words, "type": ["array", "string", "object"], "minLength": 1, "required": ["environments"]}


def _group_kind() -> JsonObject:
    """Return a kind as an AppProject names it; never a pattern, which would permit kinds that nobody thought of."""
    group: JsonObject = {"type": "string", "pattern": "^[a-z0-9.-]*$"}
    kind: JsonObject = {"type": "string", "pattern": "^[A-Za-z0-9]+$"}
    return {**_object("gitops.namespaceResourceWhitelist", group=group, kind=kind), "required": ["group", "kind"]}


def _flux() -> JsonObject:
    """Return the words that only Flux has, in the shapes of its own kinds."""
    reference: JsonObject = {**_object("gitops.flux.reference", name=TEXT, key=TEXT), "required": ["name"]}
    secret: JsonObject = {**_object("gitops.flux.reference", name=TEXT), "required": ["name"]}
    target = _object(
        "gitops.flux.target",
        **dict.fromkeys(("group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector"), TEXT),
    )
    # Without a target Flux would ignore the paths in all objects.
    ignore: JsonObject = {
        **_object("gitops.flux.ignore", paths={"type": "array", "items": TEXT}, target={**target, "minProperties": 1}),
        "required": ["paths", "target"],
    }
    return _object(
        "gitops.flux",
        secretRef=secret,
        chartSecretRef=secret,
        kubeConfig=_object("gitops.flux.kubeConfig", secretRef=reference, configMapRef=secret),
        serviceAccountName=TEXT,
        serviceAccounts={"enum": ["layer", "namespace"]},
        timeout={"type": "string", "pattern": "^([0-9]+([.][0-9]+)?(ms|s|m|h))+$"},
        deletionPolicy={"enum": ["Orphan", "MirrorPrune", "Delete", "WaitForTermination"]},
        driftDetection=_object(
            "gitops.flux.driftDetection",
            mode={"enum": ["enabled", "warn", "disabled"]},
            ignore={"type": "array", "items": ignore},
        ),
    )


def _taint() -> JsonObject:
    effect: JsonObject = {"enum": ["NoSchedule", "PreferNoSchedule", "NoExecute"]}
    return {**_object("nodePools.taints", key=TEXT, value=TEXT, effect=effect), "required": ["key", "effect"]}


def _waived_models() -> JsonObject:
    """Return the ways to choose models: by a pattern, by a list of keys and patterns, by their owner."""
    owner: JsonObject = {**_object("waivers.models", owner=_SAID), "required": ["owner"]}
    return {"anyOf": [TEXT, {"type": "array", "items": TEXT}, owner]}


def _map(schema: JsonObject) -> JsonObject:
    """Return the schema of a map of names, where a null removes what the defaults say."""
    kind: JsonValue = schema.get("type")
    return {"type": "object", "additionalProperties": {**schema, "type": [str(kind), "null"]}}


def _object(prefix: str, **properties: JsonObject) -> JsonObject:
    described: JsonObject = {}
    for name, schema in properties.items():
        text = DESCRIPTIONS.get(f"{prefix}.{name}")
        described[name] = {"description": text, **schema} if text else schema
    return {"type": "object", "additionalProperties": False, "properties": described}


def _per_chart(charts: list[str], schema: JsonObject) -> JsonObject:
    return {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(charts, schema)}
