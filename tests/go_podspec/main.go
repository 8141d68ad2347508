// Reads Deployments, Services and autoscalers from stdin, one JSON document a line, and says what Kubernetes' API
// server would make of each.
//
// The way of a create request: decode, apply the defaults of the version, convert, validate. An answer is one JSON
// line: "errors", the list of field errors as {"type", "field", "detail"} (a document that does not decode has one of
// type "decode"), "written", the document as Go writes it, and "defaulted", the same with its defaults.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/apps"
	appsv1defaults "k8s.io/kubernetes/pkg/apis/apps/v1"
	"k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/autoscaling"
	autoscalingv2defaults "k8s.io/kubernetes/pkg/apis/autoscaling/v2"
	autoscalingvalidation "k8s.io/kubernetes/pkg/apis/autoscaling/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	corev1defaults "k8s.io/kubernetes/pkg/apis/core/v1"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/capabilities"
)

type fieldError struct {
	Type   string `json:"type"`
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

type answer struct {
	Errors    []fieldError    `json:"errors"`
	Written   json.RawMessage `json:"written"`
	Defaulted json.RawMessage `json:"defaulted"`
}

func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		apps.AddToScheme, appsv1defaults.AddToScheme, core.AddToScheme, corev1defaults.AddToScheme,
		autoscaling.AddToScheme, autoscalingv2defaults.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	return scheme
}

func check(scheme *runtime.Scheme, line []byte) (found answer) {
	defer func() {
		if trouble := recover(); trouble != nil {
			found = undecoded(fmt.Sprint(trouble))
		}
	}()
	kind := struct{ Kind string }{}
	if err := json.Unmarshal(line, &kind); err != nil {
		return undecoded(err.Error())
	}
	var written, internal runtime.Object = &appsv1.Deployment{}, &apps.Deployment{}
	switch kind.Kind {
	case "Service":
		written, internal = &corev1.Service{}, &core.Service{}
	case "HorizontalPodAutoscaler":
		written, internal = &autoscalingv2.HorizontalPodAutoscaler{}, &autoscaling.HorizontalPodAutoscaler{}
	}
	if err := json.Unmarshal(line, written); err != nil {
		return undecoded(err.Error())
	}
	plain, _ := json.Marshal(written)
	scheme.Default(written)
	defaulted, _ := json.Marshal(written) // before the conversion, which shares memory with it
	if err := scheme.Convert(written, internal, nil); err != nil {
		return undecoded(err.Error())
	}
	found = answer{Errors: []fieldError{}, Written: plain, Defaulted: defaulted}
	for _, err := range validate(internal) {
		found.Errors = append(found.Errors, fieldError{string(err.Type), err.Field, err.Detail})
	}
	return found
}

func validate(object runtime.Object) field.ErrorList {
	if autoscaler, ok := object.(*autoscaling.HorizontalPodAutoscaler); ok {
		// What registry/autoscaling/horizontalpodautoscaler allows a new object.
		options := autoscalingvalidation.HorizontalPodAutoscalerSpecValidationOptions{MinReplicasLowerBound: 1}
		options.ObjectMetricsValidationOptions.AllowEmptyAPIGroup = true
		options.ScaleTargetRefValidationOptions.AllowEmptyAPIGroup = autoscaler.Spec.ScaleTargetRef.Kind == "ReplicationController"
		return autoscalingvalidation.ValidateHorizontalPodAutoscaler(autoscaler, options)
	}
	if service, ok := object.(*core.Service); ok {
		// What registry/core/service does with a new object that names its address in the old field alone.
		if service.Spec.ClusterIP != "" && len(service.Spec.ClusterIPs) == 0 {
			service.Spec.ClusterIPs = []string{service.Spec.ClusterIP}
		}
		return corevalidation.ValidateServiceCreate(service)
	}
	// What registry/apps/deployment does with a new object, whose old one is nil.
	deployment := object.(*apps.Deployment)
	deployment.Status = apps.DeploymentStatus{}
	deployment.Generation = 1
	pod.DropDisabledTemplateFields(&deployment.Spec.Template, nil)
	options := pod.GetValidationOptionsFromPodTemplate(&deployment.Spec.Template, nil)
	return validation.ValidateDeployment(deployment, options)
}

func undecoded(detail string) answer {
	return answer{Errors: []fieldError{{Type: "decode", Detail: detail}}}
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
			told, _ := json.Marshal(check(scheme, line))
			fmt.Fprintf(out, "%s\n", told)
		}
		if err != nil {
			return
		}
	}
}
