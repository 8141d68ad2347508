// Package flux names the kinds that controller-gen turns into CRDs: their modules publish types, not manifests.
package flux

import (
	_ "github.com/fluxcd/helm-controller/api/v2"
	_ "github.com/fluxcd/source-controller/api/v1"
)
