package trial

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"parley/media"
	"parley/media/resample"
	"parley/media/wav"
	"parley/tts"
)

// source is speech of one person at hand for cases.
type source struct {
	Sound
	// digit is what a clip of the Free Spoken Digit Dataset says, 0 to 9, else -1.
	digit int
}

// studio makes the sounds of a folder, each once: what lies there already is
// used again.
type studio struct {
	dir     string
	engines map[string]tts.Synthesizer
	sounds  map[string]Sound // by file
	made    int
}

// say is a sentence by a synthetic voice.
func (s *studio) say(ctx context.Context, v tts.Voice, text string) (Sound, error) {
	key := sha256.Sum256(fmt.Append(nil, v.Engine, "\n", v.Name, "\n", v.Speed, "\n", text))
	name := filepath.Join("sounds", "s-"+hex.EncodeToString(key[:8])+".wav")
	if known, ok := s.sounds[name]; ok {
		if _, err := os.Stat(filepath.Join(s.dir, name)); err == nil {
			return known, nil
		}
	}
	stream, err := s.engines[v.Engine].Speak(ctx, v, tts.Text(text))
	if err != nil {
		return Sound{}, err
	}
	pcm, marks, err := tts.Collect(ctx, stream, 60*int(media.Rate8k))
	if err != nil {
		return Sound{}, err
	}
	sound := Sound{File: name, Origin: Synthetic, Language: v.Language, Voice: v.Engine + "/" + v.Name, Text: text, Marks: marks}
	return s.keep(sound, pcm)
}

func (s *studio) keep(sound Sound, pcm []int16) (Sound, error) {
	sound.Speech, sound.Level = voiced(pcm, pauseMS), activeLevel(pcm)
	if len(sound.Speech) == 0 {
		return sound, fmt.Errorf("%s holds no speech", sound.File)
	}
	if err := wav.Write(filepath.Join(s.dir, sound.File), wav.Sound{Rate: media.Rate8k, Channels: 1, PCM: pcm}); err != nil {
		return sound, err
	}
	s.sounds[sound.File] = sound
	s.made++
	return sound, nil
}

// digitClip is the naming of the Free Spoken Digit Dataset.
var digitClip = regexp.MustCompile(`^([0-9])_([a-z]+)_[0-9]+$`)

// longestClip bounds a clip in samples.
const longestClip = 60 * int(media.Rate8k)

// record brings the clips of a folder of people's speech into the folder of
// cases: any WAV files, with what they say in text files of the same name.
// Which part a clip is for follows from its speaker, so that a voice is in one.
func (s *studio) record(dir, language, role string) (map[string][]source, error) {
	found := map[string][]source{}
	var paths []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.EqualFold(filepath.Ext(path), ".wav") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	for _, path := range paths {
		read, err := wav.Read(path)
		if err != nil || read.Channels != 1 {
			continue // no clip of one voice
		}
		pcm, err := resample.Convert(read.PCM, read.Rate, media.Rate8k)
		if err != nil || len(pcm) == 0 || len(pcm) > longestClip {
			continue
		}
		base := strings.TrimSuffix(path, filepath.Ext(path))
		clip := source{digit: -1, Sound: Sound{Origin: Human, Language: language, Voice: filepath.Base(base)}}
		if m := digitClip.FindStringSubmatch(filepath.Base(base)); m != nil {
			clip.digit, clip.Voice, clip.Text = int(m[1][0]-'0'), m[2], m[1]
		}
		if text, err := os.ReadFile(base + ".txt"); err == nil && len(text) < 4096 {
			clip.Text = strings.TrimSpace(string(text))
		}
		key := sha256.Sum256([]byte(path))
		clip.File = filepath.Join("sounds", role+"-"+hex.EncodeToString(key[:8])+".wav")
		if clip.Sound, err = s.keep(clip.Sound, pcm); err != nil {
			continue // silence
		}
		part := partOf(clip.Voice)
		found[part] = append(found[part], clip)
	}
	return found, nil
}

// partOf puts a voice into one part for good.
func partOf(voice string) string {
	h := fnv.New32a()
	h.Write([]byte(voice))
	if h.Sum32()>>3%2 == 0 {
		return Dev
	}
	return Test
}
