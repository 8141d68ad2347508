"""Facts that Kubernetes itself states: names, resources, pods."""
