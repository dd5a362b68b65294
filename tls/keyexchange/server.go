package keyexchange

// Serve answers a client's share of g: it appends the server's share to share and the
// shared secret to secret, and returns both. It fails with an *Error if the client's share
// breaks the protocol, with ErrGroup for a group that cannot be had, or with the reason of
// a library that refuses; share and secret are then as they were. The three slices must not
// overlap.
func Serve(g Group, clientShare, share, secret []byte) (serverShare, shared []byte, err error) {
	by := implOf(g)
	if by == nil {
		return share, secret, ErrGroup
	}
	return by.serve(clientShare, share, secret)
}

func (by *impl) serve(clientShare, share, secret []byte) (serverShare, shared []byte, err error) {
	if len(clientShare) != by.point+by.ek {
		return share, secret, ErrClientShareSize
	}
	outShare, ownShare := extend(share, by.point+by.ct)
	outSecret, ownSecret := extend(secret, by.coordinate+by.ss)
	peer, ek := by.split(clientShare, by.point)
	point, ct := by.split(ownShare, by.point)
	z, ss := by.split(ownSecret, by.coordinate)
	// The KEM first: it is the cheaper one to be refused by.
	if by.kem != nil {
		err = by.kem.encapsulate(ek, ct, ss)
	}
	if err == nil {
		err = by.dh.serve(peer, point, z)
	}
	if err != nil {
		clear(ownShare)
		clear(ownSecret)
		return share, secret, err
	}
	return outShare, outSecret, nil
}
