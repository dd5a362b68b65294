//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// nginx answers /pipeline from its configuration: no file, no log.
func nginx(dir, addr string, cores int) (*exec.Cmd, error) {
	path, err := exec.LookPath("nginx")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/nginx") // not in an ordinary user's PATH
	}
	if err != nil {
		return nil, fmt.Errorf("nginx is not installed (apt-get install nginx-light)")
	}
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, nginxConf(dir, addr, cores, os.Getuid() == 0), 0o644); err != nil {
		return nil, err
	}
	return exec.Command(path, "-p", dir, "-c", conf, "-e", "stderr"), nil
}

func nginxConf(dir, addr string, cores int, root bool) []byte {
	user := ""
	if root {
		user = "user root;\n" // the temporary directory is this user's
	}
	return fmt.Appendf(nil, `daemon off;
%sworker_processes %d;
worker_rlimit_nofile 20000;
pid %[3]s/nginx.pid;
error_log stderr error;
events { worker_connections 19000; }
http {
	access_log off;
	keepalive_requests 1000000000;
	keepalive_timeout 60s;
	client_header_timeout 10s;
	client_body_temp_path %[3]s/body;
	proxy_temp_path %[3]s/proxy;
	fastcgi_temp_path %[3]s/fastcgi;
	uwsgi_temp_path %[3]s/uwsgi;
	scgi_temp_path %[3]s/scgi;
	server {
		listen %[4]s backlog=4096;
		default_type text/plain;
		location = /pipeline { return 200 "ok"; }
	}
}
`, user, cores, dir, addr)
}
