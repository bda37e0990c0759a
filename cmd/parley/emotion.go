package main

import (
	"errors"
	"fmt"
	"math"

	"parley/media/pitch"
	"parley/media/prosody"
	"parley/media/vad"
	"parley/media/wav"
	"parley/nlu/arousal"
	"parley/probe"
)

// emotionCmd is everything about the mood in a voice.
type emotionCmd struct {
	File emotionFileCmd `cmd:"" default:"withargs" help:"Judge arousal and anger in a recording."`
	Eval emotionEvalCmd `cmd:"" help:"Score the judgement on labelled recordings."`
}

// Help is the command's example.
func (emotionCmd) Help() string {
	return "Example: parley emotion call.wav --channel left --baseline calm.wav\n" +
		"         parley emotion eval DIR --json\n\n" +
		"Flags of a recording: parley emotion file --help"
}

// emotionFileCmd judges one recording.
type emotionFileCmd struct {
	File     string `arg:"" name:"file" help:"Recording (WAV of any rate)."`
	Baseline string `help:"Recording of the same speaker's calm voice; else the first four seconds of voice are the measure." type:"path"`
	Channel  string `help:"Channel of a stereo recording, left or right; else the first with any sound." placeholder:"SIDE"`
	JSON     bool   `help:"Print JSON; it is what is printed anyway."`
}

// Help is the command's example.
func (emotionFileCmd) Help() string {
	return "Prints JSON: the strongest utterance's arousal and anger, the trend, and every utterance with what moved.\n\n" +
		"Example: parley emotion call.wav --channel left --baseline calm.wav"
}

// utterance is a stretch of speech and where it lies.
type utterance struct {
	from, to int // ms
	features prosody.Features
}

// moodOf is an utterance as it is printed.
type moodOf struct {
	FromMS     int                `json:"from_ms"`
	ToMS       int                `json:"to_ms"`
	Arousal    float64            `json:"arousal"`
	Anger      float64            `json:"anger"`
	Confidence float64            `json:"confidence"`
	Moved      map[string]float64 `json:"moved"`
}

// Run prints one JSON object.
func (c *emotionFileCmd) Run(t *terminal) error {
	channel, ok := map[string]int{"": 0, "left": 1, "right": 2}[c.Channel]
	if !ok {
		return usageError{fmt.Errorf("--channel %q is not understood; use left or right", c.Channel)}
	}
	var caller arousal.Caller
	if c.Baseline != "" {
		calm, err := listen(c.Baseline, 0)
		if err != nil {
			return err
		}
		for _, u := range calm {
			caller.Learn(u.features)
		}
	}
	said, err := listen(c.File, channel)
	if err != nil {
		return err
	}
	out := struct {
		moodOf
		Trend      float64  `json:"trend"`
		Utterances []moodOf `json:"utterances"`
	}{Utterances: []moodOf{}}
	for _, u := range said {
		s := caller.Hear(u.features)
		if s.Confidence == 0 {
			continue
		}
		m := moodOf{
			FromMS: u.from, ToMS: u.to, Arousal: hundredths(s.Arousal), Anger: hundredths(s.Anger),
			Confidence: hundredths(s.Confidence), Moved: map[string]float64{},
		}
		for _, k := range s.Moved[:s.N] {
			m.Moved[k.Kind.String()] = hundredths(k.Deviations)
		}
		if m.Arousal*m.Confidence >= out.Arousal*out.Confidence {
			out.moodOf = m
		}
		out.Utterances = append(out.Utterances, m)
	}
	if len(out.Utterances) == 0 {
		return errors.New("no voice was found in the recording; give one with at least half a second of speech, or name its --channel")
	}
	out.Trend = hundredths(caller.Trend())
	return printJSON(t.out, out)
}

func hundredths(x float64) float64 { return math.Round(100*x) / 100 }

// listen finds the utterances of a recording.
func listen(path string, channel int) ([]utterance, error) {
	sound, err := wav.Read(path)
	if err != nil {
		return nil, err
	}
	pcm, err := probe.Mono(sound, channel)
	if err != nil {
		return nil, err
	}
	return utterances(pcm), nil
}

// utterances cuts sound at 8 kHz where 0.7 s pass without speech. The frames
// before an onset was certain belong to it.
func utterances(pcm []int16) []utterance {
	const frame, pause, before = 160, 35, 10
	detector, tracker, meter := vad.New(), pitch.New(), prosody.New()
	var all []utterance
	end := func(from, to int) {
		if f := meter.Features(); f.Voiced > 0 {
			all = append(all, utterance{from: from * 20, to: to * 20, features: f})
		}
	}
	start, last, open := 0, 0, false
	frames := len(pcm) / frame
	for n := range frames {
		at := pcm[n*frame : (n+1)*frame]
		speech := detector.Frame(at).Speech
		if speech {
			last = n + 1
			if !open {
				open, start = true, max(n-before, last-1-before, 0)
				tracker.Reset()
				meter.Begin()
				for k := start; k < n; k++ {
					p := pcm[k*frame : (k+1)*frame]
					r := tracker.Frame(p)
					meter.Frame(p, r.F0, r.Clarity)
				}
			}
		}
		if !open {
			continue
		}
		r := tracker.Frame(at)
		meter.Frame(at, r.F0, r.Clarity)
		if n-last >= pause {
			end(start, last)
			open = false
		}
	}
	if open {
		end(start, last)
	}
	return all
}
