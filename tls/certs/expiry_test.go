package certs

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"testing"
	"time"

	stdtls "crypto/tls"
	"crypto/x509/pkix"
)

func TestExpiryWarning(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ca, log := newAuthority(t), new(journal)
		valid := func(d time.Duration) func(*x509.Certificate) {
			return func(c *x509.Certificate) { c.NotAfter = time.Now().Add(d) }
		}
		newSet(t, Config{Logger: log.logger(), Interval: DefaultInterval, Sources: ready(
			ca.issue("ecdsa", []string{"long.example"}, valid(100*24*time.Hour)),
			ca.issue("ecdsa", []string{"short.example"}, valid(15*24*time.Hour+12*time.Hour)))})
		log.expect(t, "expires soon", 0)
		pass(47 * time.Hour)
		log.expect(t, "expires soon", 0)
		pass(24 * time.Hour)
		log.expect(t, "expires soon", 1)
		log.expect(t, "short.example", 1)
		pass(24 * time.Hour)
		log.expect(t, "expires soon", 2) // once a day
		pass(13 * 24 * time.Hour)
		log.expect(t, "has expired and is still served", 1)
		log.expect(t, "long.example", 0)
	})
}

func TestExpiryWarningsAreBounded(t *testing.T) {
	ca, log := newAuthority(t), new(journal)
	var list []stdtls.Certificate
	for i := range 13 {
		list = append(list, ca.issue("ecdsa", []string{fmt.Sprint("x", i)}, expiring(time.Now().Add(time.Hour))))
	}
	newSet(t, Config{Logger: log.logger(), Sources: ready(list...)})
	log.expect(t, "certificate expires soon", maxWarnings)
	log.expect(t, "more certificates expire soon\" count=3", 1)
	silent := new(journal)
	newSet(t, Config{Logger: silent.logger(), Sources: ready(list...), ExpiryWarning: -1})
	silent.expect(t, "expire", 0)
}

func TestRemarks(t *testing.T) {
	ca, log := newAuthority(t), new(journal)
	dev, err := Development(0)
	if err != nil {
		t.Fatal(err)
	}
	twice := ca.issue("ecdsa", []string{"a.example"})
	twice.Certificate = slices.Insert(twice.Certificate, 1, twice.Certificate[0])
	value, err := asn1.Marshal([]int{5})
	if err != nil {
		t.Fatal(err)
	}
	must := ca.issue("ecdsa", []string{"a.example"}, func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: tlsFeature, Value: value}}
	})
	newSet(t, Config{Logger: log.logger(), Sources: ready(dev, twice, must)})
	log.expect(t, "development certificate: for your own machine only", 1)
	log.expect(t, "its first certificate twice", 1)
	log.expect(t, "asks for an OCSP staple", 1)
}
