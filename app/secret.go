package app

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const secretFile = "sip-secret"

// sipSecret marks the INVITEs of every run in this data folder, so that a phone
// that was ringing when the server was killed, and is answered later, is known
// as ours and ended.
func sipSecret(data string) (secret [32]byte, err error) {
	path := filepath.Join(data, secretFile)
	kept, err := os.ReadFile(path)
	if err == nil && len(kept) == len(secret) {
		return [32]byte(kept), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return secret, fmt.Errorf("read what marks our calls: %w", err)
	}
	_, _ = rand.Read(secret[:]) // never fails
	if err := os.WriteFile(path, secret[:], 0o600); err != nil {
		return secret, fmt.Errorf("keep what marks our calls: %w", err)
	}
	return secret, nil
}
