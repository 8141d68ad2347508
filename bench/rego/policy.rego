# The five policies that bench/policies.py measures, for conftest: the same questions, of an InferenceService only.
package main

import rego.v1

components := {name: input.spec[name] | some name in ["predictor", "transformer", "explainer"]; input.spec[name]}

containers contains c if {
	some component in components
	some c in array.concat(object.get(component, "containers", []), object.get(component, "initContainers", []))
}

containers contains c if {
	some component in components
	c := component.model
}

limits(c) := object.get(object.get(c, "resources", {}), "limits", {})

requests(c) := object.get(object.get(c, "resources", {}), "requests", {})

is_gpu(name) if regex.match(`^(nvidia\.com/(gpu|mig-).*|amd\.com/gpu|gpu\.intel\.com/.*|habana\.ai/gaudi)$`, name)

whole(value) if units.parse(sprintf("%v", [value])) == floor(units.parse(sprintf("%v", [value])))

deny contains "gpu-whole" if {
	some c in containers
	some name, value in limits(c)
	is_gpu(name)
	not whole(value)
}

deny contains "gpu-whole" if {
	some c in containers
	some name, value in requests(c)
	is_gpu(name)
	units.parse(sprintf("%v", [value])) != units.parse(sprintf("%v", [object.get(limits(c), name, "0")]))
}

deny contains "memory-limit" if {
	some c in containers
	requests(c).memory
	not limited(c)
}

limited(c) if limits(c).memory

deny contains "memory-limit" if {
	some c in containers
	units.parse_bytes(sprintf("%v", [requests(c).memory])) > units.parse_bytes(sprintf("%v", [limits(c).memory]))
}

deny contains "no-latest-image" if {
	some c in containers
	image := c.image
	not regex.match(`@sha256:[0-9a-f]{64}$`, image)
	not regex.match(`:[A-Za-z0-9_][A-Za-z0-9_.-]*$`, image)
}

deny contains "no-latest-image" if {
	some c in containers
	regex.match(`:latest(-[^/]*)?$`, c.image)
}

deny contains "maxreplicas-set" if {
	some component in components
	is_number(component.minReplicas)
	not bounded(component)
}

bounded(component) if component.maxReplicas >= component.minReplicas

schemes := ["hf", "s3", "gs", "https", "pvc", "oci"]

uris contains uri if {
	some component in components
	uri := component.model.storageUri
}

uris contains item.uri if {
	some component in components
	some item in component.storageUris
}

uris contains variable.value if {
	some c in containers
	some variable in c.env
	variable.name == "STORAGE_URI"
}

deny contains "storage-scheme" if {
	some uri in uris
	not known(uri)
}

known(uri) if {
	some scheme in schemes
	startswith(uri, sprintf("%s://", [scheme]))
}
