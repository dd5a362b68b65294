package certs

import (
	"bytes"
	"context"
	"crypto"
	"crypto/fips140"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ocsp"
)

const (
	maxResponse = 64 << 10 // bytes; responses have some hundreds
	maxGet      = 255      // bytes of an address that caches take (RFC 5019 §5)
)

func isHTTP(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// fetch asks the responder. What it returns is not verified.
func (cfg *OCSP) fetch(ctx context.Context, sub subject) ([]byte, error) {
	if cfg.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cfg.Timeout)
		defer cancel()
	}
	req, err := ocspRequest(ctx, sub)
	if err != nil {
		return nil, err
	}
	res, err := cfg.Client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the OCSP responder answers %s", res.Status)
	}
	der, err := io.ReadAll(io.LimitReader(res.Body, maxResponse+1))
	if err != nil {
		return nil, err
	}
	if len(der) > maxResponse {
		return nil, fmt.Errorf("the OCSP response is larger than %d bytes", maxResponse)
	}
	return der, nil
}

// ocspRequest is a GET where that is short enough for caches, else a POST (RFC 6960 appendix A.1).
func ocspRequest(ctx context.Context, sub subject) (*http.Request, error) {
	// SHA-1 names the issuer here and protects nothing; many responders know no other. In FIPS-only
	// mode it panics.
	opts := &ocsp.RequestOptions{Hash: crypto.SHA1}
	if fips140.Enabled() {
		opts.Hash = crypto.SHA256
	}
	body, err := ocsp.CreateRequest(sub.leaf, sub.issuer, opts)
	if err != nil {
		return nil, err
	}
	get := strings.TrimSuffix(sub.url, "/") + "/" + url.PathEscape(base64.StdEncoding.EncodeToString(body))
	if len(get) <= maxGet {
		return http.NewRequestWithContext(ctx, http.MethodGet, get, nil)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, sub.url, bytes.NewReader(body))
	if err == nil {
		req.Header.Set("Content-Type", "application/ocsp-request")
	}
	return req, err
}

func checkDir(name string) error {
	info, err := os.Stat(name)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no directory", name)
	}
	return err
}

// cacheFile is where the staple of a certificate is kept, "" for nowhere.
func (cfg *OCSP) cacheFile(sub subject) string {
	if cfg.CacheDir == "" {
		return ""
	}
	sum := sha256.Sum256(sub.leaf.Raw)
	return filepath.Join(cfg.CacheDir, hex.EncodeToString(sum[:])+".ocsp")
}

// cached returns what an earlier process has left, nil for nothing. It is not verified.
func (cfg *OCSP) cached(sub subject) []byte {
	name := cfg.cacheFile(sub)
	if name == "" {
		return nil
	}
	der, err := readFile(name)
	if err != nil {
		return nil // it is only a cache
	}
	return der
}

// store replaces the file as a whole, so that nobody reads half of one.
func (cfg *OCSP) store(sub subject, der []byte) error {
	name := cfg.cacheFile(sub)
	if name == "" {
		return nil
	}
	f, err := os.CreateTemp(cfg.CacheDir, "ocsp-*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(der)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
