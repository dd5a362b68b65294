package mem

// Checking says that this is a checking build: the tag memguard, or the race detector. It is
// for those who lend memory that is no lease, and who want a view that was kept too long to
// fault as one of a lease does.
const Checking = guard
