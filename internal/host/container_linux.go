package host

import (
	"os"
	"strings"
)

// Containers lists what hints at a container, each with where it was seen. Nothing tells for certain.
func (at FS) Containers() []Fact {
	var hints []Fact
	add := func(value, source string) { hints = append(hints, Fact{Value: value, Source: source}) }
	for file, value := range map[string]string{"/.dockerenv": "docker", "/run/.containerenv": "podman"} {
		if at.Exists(file) {
			add(value, file)
		}
	}
	if at == Here {
		if v := os.Getenv("container"); v != "" { // systemd's container interface
			add(v, "environment variable container")
		}
		if os.Getenv("KUBERNETES_SERVICE_HOST") != "" {
			add("kubernetes", "environment variable KUBERNETES_SERVICE_HOST")
		}
	}
	own := at.Read("/proc/self/cgroup")
	for _, mark := range []string{"docker", "kubepods", "libpod", "containerd", "lxc"} {
		if strings.Contains(own.Value, "/"+mark) || strings.Contains(own.Value, mark+"-") {
			add(mark, own.Source)
		}
	}
	return hints
}
