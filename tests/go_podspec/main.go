// Reads Deployments from stdin, one JSON document a line, and says what Kubernetes' API server would say of each.
//
// The way of a create request: decode, apply the defaults of apps/v1, convert, validate. An answer is one JSON line,
// the list of field errors as {"type", "field", "detail"}; a document that does not decode has one of type "decode".
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/apps"
	appsv1defaults "k8s.io/kubernetes/pkg/apis/apps/v1"
	"k8s.io/kubernetes/pkg/apis/apps/validation"
	corev1defaults "k8s.io/kubernetes/pkg/apis/core/v1"
	"k8s.io/kubernetes/pkg/capabilities"
)

type fieldError struct {
	Type   string `json:"type"`
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		apps.AddToScheme, appsv1defaults.AddToScheme, corev1defaults.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	return scheme
}

func judge(scheme *runtime.Scheme, line []byte) (found []fieldError) {
	found = []fieldError{}
	defer func() {
		if trouble := recover(); trouble != nil {
			found = []fieldError{{Type: "decode", Detail: fmt.Sprint(trouble)}}
		}
	}()
	written := &appsv1.Deployment{}
	if err := json.Unmarshal(line, written); err != nil {
		return []fieldError{{Type: "decode", Detail: err.Error()}}
	}
	scheme.Default(written)
	deployment := &apps.Deployment{}
	if err := scheme.Convert(written, deployment, nil); err != nil {
		return []fieldError{{Type: "decode", Detail: err.Error()}}
	}
	// What registry/apps/deployment does with a new object, whose old one is nil.
	deployment.Status = apps.DeploymentStatus{}
	deployment.Generation = 1
	pod.DropDisabledTemplateFields(&deployment.Spec.Template, nil)
	options := pod.GetValidationOptionsFromPodTemplate(&deployment.Spec.Template, nil)
	for _, err := range validation.ValidateDeployment(deployment, options) {
		found = append(found, fieldError{string(err.Type), err.Field, err.Detail})
	}
	return found
}

func main() {
	capabilities.Setup(true, 0) // as every distribution does with --allow-privileged
	scheme := newScheme()
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			answer, _ := json.Marshal(judge(scheme, line))
			fmt.Fprintf(out, "%s\n", answer)
		}
		if err != nil {
			return
		}
	}
}
