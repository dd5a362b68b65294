//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/ringwire/ringwire/bench/internal/endpoint"
	"github.com/ringwire/ringwire/bench/internal/payload"
	"github.com/ringwire/ringwire/bench/internal/secret"
)

// nginx answers /pipeline from its configuration: no file, no log. Downloads over TLS are files, which the kernel has
// in memory.
func nginx(dir, addr string, cores int, files secret.Files) (*exec.Cmd, error) {
	path, err := exec.LookPath("nginx")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/nginx") // not in an ordinary user's PATH
	}
	if err != nil {
		return nil, fmt.Errorf("nginx is not installed (apt-get install nginx-light)")
	}
	if files != (secret.Files{}) {
		if err := writeDownloads(filepath.Join(dir, endpoint.BytesPrefix)); err != nil {
			return nil, err
		}
	}
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, nginxConf(dir, addr, cores, files, os.Getuid() == 0), 0o644); err != nil {
		return nil, err
	}
	return exec.Command(path, "-p", dir, "-c", conf, "-e", "stderr"), nil
}

// writeDownloads makes the files of the download profiles, once.
func writeDownloads(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, n := range downloads {
		name := filepath.Join(dir, strconv.Itoa(n))
		if info, err := os.Stat(name); err == nil && info.Size() == int64(n) {
			continue
		}
		if err := os.WriteFile(name, payload.Bytes(n), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func nginxConf(dir, addr string, cores int, files secret.Files, root bool) []byte {
	listen, ssl := "", ""
	if files != (secret.Files{}) {
		// One ticket, as crypto/tls sends; OpenSSL would send two.
		listen, ssl = "ssl ", fmt.Sprintf(`ssl_certificate %s;
		ssl_certificate_key %s;
		ssl_protocols TLSv1.3;
		ssl_ecdh_curve %s;
		ssl_conf_command Ciphersuites %s;
		ssl_conf_command NumTickets 1;
		ssl_session_tickets on;
		ssl_session_cache off;`, files.Cert, files.Key, secret.GroupName, secret.SuiteName)
	}
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
		listen %[4]s %[5]sbacklog=4096;
		%[6]s
		default_type text/plain;
		location = /pipeline { return 200 "ok"; }
		location /bytes/ { root %[3]s; default_type application/octet-stream; }
	}
}
`, user, cores, dir, addr, listen, ssl)
}
