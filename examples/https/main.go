// Command https is an HTTPS server to copy from. Without -cert it makes a certificate for
// development on the spot; with it, SIGHUP and a renewed file change the certificate while it
// serves. Who comes by plain HTTP is sent on.
package main

import (
	"context"
	stdtls "crypto/tls"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/ringwire/ringwire"
	"github.com/ringwire/ringwire/tls"
	"github.com/ringwire/ringwire/tls/certs"
)

func main() {
	var srv, plain ringwire.Server
	var source certs.Source
	flag.StringVar(&srv.Addr, "addr", "127.0.0.1:8443", "address to listen on")
	flag.StringVar(&plain.Addr, "redirect", "127.0.0.1:8080", "address from which plain HTTP is sent on, empty for none")
	flag.StringVar(&source.CertFile, "cert", "", "PEM `file` of the certificate; without one is made for development")
	flag.StringVar(&source.KeyFile, "key", "", "PEM `file` of its key")
	flag.StringVar(&srv.Driver, "driver", "auto", "auto, uring or netpoll")
	flag.IntVar(&srv.Loops, "loops", 0, "event loops, 0 = as many as suit the driver")
	flag.Parse()

	set, err := certificates(source)
	if err != nil {
		log.Fatal(err)
	}
	defer set.Close()
	srv.TLS = &tls.Config{System: &stdtls.Config{GetCertificate: set.GetCertificate}}
	srv.Handler = ringwire.HandlerFunc(hello)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go reloadOnHangup(set)
	if plain.Addr != "" {
		plain.Driver, plain.Loops = srv.Driver, 1
		plain.Handler = ringwire.HandlerFunc(redirect(&srv))
		go serve(&plain)
	}
	go func() {
		if addr := srv.Started(); addr != nil {
			fmt.Printf("serving https://%v with %s: %s\n", addr, srv.DriverInfo().Name, srv.DriverInfo().Reason)
		}
		<-ctx.Done()
		_ = plain.Close()
		_ = srv.Shutdown(context.Background())
	}()
	serve(&srv)
}

// certificates is the pair of files, or a pair that no client trusts.
func certificates(source certs.Source) (*certs.Set, error) {
	if source.CertFile == "" {
		cert, err := certs.Development(30)
		if err != nil {
			return nil, err
		}
		source = certs.Source{Certificate: &cert}
	}
	return certs.New(certs.Config{Sources: []certs.Source{source}})
}

func serve(srv *ringwire.Server) {
	if err := srv.ListenAndServe(); !errors.Is(err, ringwire.ErrServerClosed) {
		log.Fatal(err)
	}
}

// reloadOnHangup reads the files again for each SIGHUP. What was served stays when they are bad.
func reloadOnHangup(set *certs.Set) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	for range hangup {
		if err := set.Reload(); err != nil {
			log.Print(err)
			continue
		}
		fmt.Println("reloaded")
	}
}

// redirect sends clients to the same place by HTTPS. The name is the client's, the port ours.
func redirect(srv *ringwire.Server) func(w *ringwire.ResponseWriter, r *ringwire.Request) {
	return func(w *ringwire.ResponseWriter, r *ringwire.Request) {
		name, _, err := net.SplitHostPort(r.Host())
		if err != nil {
			name = strings.Trim(r.Host(), "[]") // without a port
		}
		_, port, _ := net.SplitHostPort(srv.Started().String())
		location := "https://" + strings.TrimSuffix(net.JoinHostPort(name, port), ":443") + r.RawPathView().String()
		if query := r.RawQueryView(); len(query) > 0 {
			location += "?" + query.String()
		}
		if err := w.Header().Set("Location", location); err != nil {
			ringwire.Error(w, "bad host or path", ringwire.StatusBadRequest)
			return
		}
		w.WriteHeader(ringwire.StatusPermanentRedirect)
	}
}

func hello(w *ringwire.ResponseWriter, r *ringwire.Request) {
	_, _ = w.WriteString("Hello from ringwire\n")
}
