// Reads questions from stdin, one JSON document a line, and says what other projects' own code makes of each object.
//
// A question is {"object": …, "beside": [objects]}: a ScaledObject or a LeaderWorkerSet that is to be created, and what
// stands in its namespace. It goes through the webhooks of its project, the defaulting one first. An answer is one JSON
// line, the error's text; blank where the object is taken.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	lwsv1 "sigs.k8s.io/lws/api/leaderworkerset/v1"
	"sigs.k8s.io/lws/pkg/webhooks"
)

type question struct {
	Object json.RawMessage   `json:"object"`
	Beside []json.RawMessage `json:"beside"`
}

func answer(line []byte) (told string) {
	defer func() {
		if trouble := recover(); trouble != nil {
			told = fmt.Sprint("panic: ", trouble)
		}
	}()
	asked := question{}
	if err := json.Unmarshal(line, &asked); err != nil {
		return "decode: " + err.Error()
	}
	kind, err := kindOf(asked.Object)
	if err == nil && kind == "ScaledObject" {
		err = askKeda(asked)
	} else if err == nil {
		err = askLws(asked)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func kindOf(written json.RawMessage) (string, error) {
	object := struct {
		Kind string `json:"kind"`
	}{}
	err := json.Unmarshal(written, &object)
	return object.Kind, err
}

func askLws(asked question) error {
	object := &lwsv1.LeaderWorkerSet{}
	if err := json.Unmarshal(asked.Object, object); err != nil {
		return err
	}
	webhook := &webhooks.LeaderWorkerSetWebhook{}
	if err := webhook.Default(context.Background(), object); err != nil {
		return err
	}
	_, err := webhook.ValidateCreate(context.Background(), object)
	return err
}

func askKeda(asked question) error {
	object := &kedav1alpha1.ScaledObject{}
	if err := json.Unmarshal(asked.Object, object); err != nil {
		return err
	}
	around := &cluster{}
	for _, written := range asked.Beside {
		if err := around.add(written); err != nil {
			return err
		}
	}
	// Only this hands the webhook its client; what comes after that is registration, which there is nobody to ask for.
	func() {
		defer func() { _ = recover() }()
		_ = object.SetupWebhookWithManager(aroundManager{cluster: around}, false)
	}()
	wet := false
	if _, err := object.ValidateCreate(&wet); err != nil {
		return err
	}
	// The webhook counts what is wrong with the bounds and lets it pass; the operator stops at it.
	return kedav1alpha1.CheckReplicaCountBoundsAreValid(object)
}

// The objects that stand beside one in its namespace, as a client gives them out.
type cluster struct {
	client.Client
	deployments []appsv1.Deployment
	autoscalers []autoscalingv2.HorizontalPodAutoscaler
	scaled      []kedav1alpha1.ScaledObject
	limits      []corev1.LimitRange
}

func (c *cluster) add(written json.RawMessage) error {
	kind, err := kindOf(written)
	if err != nil {
		return err
	}
	switch kind {
	case "Deployment":
		return added(&c.deployments, written)
	case "HorizontalPodAutoscaler":
		return added(&c.autoscalers, written)
	case "ScaledObject":
		return added(&c.scaled, written)
	case "LimitRange":
		return added(&c.limits, written)
	}
	return fmt.Errorf("no such kind: %s", kind)
}

func added[T any](objects *[]T, written json.RawMessage) error {
	var object T
	if err := json.Unmarshal(written, &object); err != nil {
		return err
	}
	*objects = append(*objects, object)
	return nil
}

func (c *cluster) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	switch found := list.(type) {
	case *autoscalingv2.HorizontalPodAutoscalerList:
		found.Items = c.autoscalers
	case *kedav1alpha1.ScaledObjectList:
		found.Items = c.scaled
	case *corev1.LimitRangeList:
		found.Items = c.limits
	}
	return nil
}

func (c *cluster) Get(_ context.Context, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	if wanted, ok := object.(*appsv1.Deployment); ok {
		for _, deployment := range c.deployments {
			if deployment.Name == key.Name {
				deployment.DeepCopyInto(wanted)
				return nil
			}
		}
	}
	return errors.NewNotFound(schema.GroupResource{}, key.Name)
}

type aroundManager struct {
	manager.Manager
	cluster *cluster
}

func (m aroundManager) GetClient() client.Client { return m.cluster }

func (m aroundManager) GetRESTMapper() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper(nil)
	for _, kind := range []schema.GroupVersionKind{
		appsv1.SchemeGroupVersion.WithKind("Deployment"),
		lwsv1.GroupVersion.WithKind("LeaderWorkerSet"),
	} {
		mapper.Add(kind, meta.RESTScopeNamespace)
	}
	return mapper
}

func main() {
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			told, _ := json.Marshal(answer(line))
			fmt.Fprintf(out, "%s\n", told)
		}
		if err != nil {
			return
		}
	}
}
