package api

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"parley/campaign"
	"parley/rules"
)

// campaignView is a campaign with how it stands.
type campaignView struct {
	campaign.Campaign
	Stats stats `json:"stats"`
}

type stats struct {
	Contacts int             `json:"contacts"`
	Done     int             `json:"done"`
	Live     int             `json:"live" doc:"Calls under way on this node"`
	Counts   campaign.Counts `json:"counts"`
	Outcomes *Outcomes       `json:"outcomes,omitempty"`
}

type body[T any] struct{ Body T }

type byID struct {
	ID string `path:"id"`
}

type items[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"Send back as cursor for the following page."`
}

func (s *server) campaigns() {
	huma.Register(s.api, operation(http.MethodPost, "/campaigns", "Create a campaign"), s.createCampaign)
	huma.Register(s.api, operation(http.MethodGet, "/campaigns", "List campaigns"), s.listCampaigns)
	huma.Register(s.api, operation(http.MethodGet, "/campaigns/{id}", "One campaign"), s.getCampaign)
	huma.Register(s.api, operation(http.MethodGet, "/campaigns/{id}/stats", "How a campaign stands"), s.campaignStats)
	start := operation(http.MethodPost, "/campaigns/{id}/start", "Start a campaign")
	start.Description = "Without confirm the answer is 409 with the counts; send the number back to start."
	huma.Register(s.api, start, s.startCampaign)
	for _, verb := range []struct {
		name, help string
		to         campaign.State
	}{
		{"pause", "No new call; calls under way go on", campaign.Paused},
		{"resume", "Go on after a pause", campaign.Running},
	} {
		huma.Register(s.api, operation(http.MethodPost, "/campaigns/{id}/"+verb.name, verb.help),
			func(ctx context.Context, in *byID) (*body[campaignView], error) {
				return s.move(ctx, in.ID, verb.to, verb.name)
			})
	}
	huma.Register(s.api, operation(http.MethodPost, "/campaigns/{id}/stop",
		"No new call, ringing calls are cancelled, talks end by themselves; hangup=1 ends those too"), s.stopCampaign)
	huma.Register(s.api, operation(http.MethodPost, "/stop", "Stop every campaign of the tenant"), s.stopAll)
}

func (s *server) createCampaign(ctx context.Context, in *body[campaignDraft]) (*body[campaignView], error) {
	c := in.Body.campaign(tenantOf(ctx))
	if err := c.Check(s.o.Profiles()); err != nil {
		return nil, newProblem(http.StatusUnprocessableEntity, sentence(err))
	}
	if flows := s.o.Flows(); !slices.Contains(flows, c.Flow) {
		return nil, newProblem(http.StatusUnprocessableEntity,
			fmt.Sprintf("There is no flow %q; choose one of %s.", c.Flow, strings.Join(flows, ", ")))
	}
	made, err := s.o.Store.CreateCampaign(ctx, c)
	if err != nil {
		return nil, fault(s.o.Log, "create the campaign", err)
	}
	return s.view(ctx, made, false)
}

func (s *server) listCampaigns(ctx context.Context, _ *struct{}) (*body[items[campaignView]], error) {
	all, err := s.o.Store.Campaigns(ctx, tenantOf(ctx))
	if err != nil {
		return nil, fault(s.o.Log, "list the campaigns", err)
	}
	out := &body[items[campaignView]]{}
	out.Body.Items = []campaignView{}
	for _, c := range all {
		v, err := s.view(ctx, c, false)
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, v.Body)
	}
	return out, nil
}

func (s *server) getCampaign(ctx context.Context, in *byID) (*body[campaignView], error) {
	c, err := s.o.Store.Campaign(ctx, tenantOf(ctx), in.ID)
	if err != nil {
		return nil, fault(s.o.Log, "read the campaign", err)
	}
	return s.view(ctx, c, false)
}

func (s *server) campaignStats(ctx context.Context, in *byID) (*body[stats], error) {
	c, err := s.o.Store.Campaign(ctx, tenantOf(ctx), in.ID)
	if err != nil {
		return nil, fault(s.o.Log, "read the campaign", err)
	}
	v, err := s.view(ctx, c, true)
	if err != nil {
		return nil, err
	}
	return &body[stats]{v.Body.Stats}, nil
}

// view adds the counts; outcomes only where they are asked for.
func (s *server) view(ctx context.Context, c campaign.Campaign, outcomes bool) (*body[campaignView], error) {
	counts, err := s.o.Store.Counts(ctx, c.Tenant, c.ID)
	if err != nil {
		return nil, fault(s.o.Log, "count the contacts", err)
	}
	st := stats{
		Contacts: counts.Total(), Done: counts.Done + counts.Uncertain,
		Live: s.o.Line.Live(c.Tenant, c.ID), Counts: counts,
	}
	if outcomes {
		o, err := s.o.Store.Outcomes(ctx, c.Tenant, c.ID)
		if err != nil {
			return nil, fault(s.o.Log, "count the outcomes", err)
		}
		st.Outcomes = &o
	}
	return &body[campaignView]{campaignView{c, st}}, nil
}

type startRequest struct {
	ID   string `path:"id"`
	Body *struct {
		Confirm int `json:"confirm,omitempty" doc:"The number of contacts to call, from the 409 answer"`
	} `required:"false"`
}

func (s *server) startCampaign(ctx context.Context, in *startRequest) (*body[campaignView], error) {
	c, err := s.o.Store.Campaign(ctx, tenantOf(ctx), in.ID)
	if err != nil {
		return nil, fault(s.o.Log, "read the campaign", err)
	}
	counts, err := s.o.Store.Counts(ctx, c.Tenant, c.ID)
	if err != nil {
		return nil, fault(s.o.Log, "count the contacts", err)
	}
	open := counts.Open()
	if open == 0 {
		return nil, newProblem(http.StatusConflict, "Nobody is left to call in this campaign.")
	}
	if in.Body == nil || in.Body.Confirm != open {
		return nil, &problem{
			Title: "Confirm the start", Status: http.StatusConflict, Confirm: open, Counts: &counts,
			Detail: fmt.Sprintf("%d contacts would be called under profile %s with flow %s; send {\"confirm\": %d} to start.", open, c.Profile, c.Flow, open),
		}
	}
	to := campaign.Running
	if c.Schedule.Cron != "" || !c.Schedule.From.IsZero() {
		to = campaign.Scheduled
	}
	return s.move(ctx, in.ID, to, "start")
}

func (s *server) move(ctx context.Context, id string, to campaign.State, verb string) (*body[campaignView], error) {
	c, err := s.o.Store.Move(ctx, tenantOf(ctx), id, to, verb+" by key "+who(ctx).key.ID)
	if err != nil {
		return nil, fault(s.o.Log, verb+" the campaign", err)
	}
	return s.view(ctx, c, false)
}

type stopRequest struct {
	ID     string `path:"id"`
	Hangup bool   `query:"hangup" doc:"End talks as well"`
}

func (s *server) stopCampaign(ctx context.Context, in *stopRequest) (*body[campaignView], error) {
	out, err := s.move(ctx, in.ID, campaign.Stopped, "stop")
	if err == nil && in.Hangup {
		s.o.Line.HangupCampaign(tenantOf(ctx), in.ID)
	}
	return out, err
}

type stopped struct {
	Campaigns int `json:"campaigns" doc:"How many were stopped"`
	Calls     int `json:"calls" doc:"How many talks were ended"`
}

func (s *server) stopAll(ctx context.Context, in *struct {
	Hangup bool `query:"hangup"`
}) (*body[stopped], error) {
	n, err := s.o.Store.StopAll(ctx, tenantOf(ctx), "stop-all by key "+who(ctx).key.ID)
	if err != nil {
		return nil, fault(s.o.Log, "stop the campaigns", err)
	}
	out := stopped{Campaigns: n}
	if in.Hangup {
		out.Calls = s.o.Line.HangupCampaign(tenantOf(ctx), "")
	}
	return &body[stopped]{out}, nil
}

// campaignDraft is what a caller may say of a campaign.
type campaignDraft struct {
	Name        string              `json:"name" minLength:"1" maxLength:"200"`
	List        string              `json:"list"`
	Flow        string              `json:"flow"`
	Profile     string              `json:"profile" doc:"Rules profile; there is no default"`
	Language    string              `json:"language,omitempty" enum:"en,zh"`
	Trunk       string              `json:"trunk,omitempty"`
	CallerIDs   []string            `json:"caller_ids,omitempty" doc:"Numbers to present, E.164: near ones first, and none that rests; empty for the tenant's own" maxItems:"100"`
	Schedule    campaign.Schedule   `json:"schedule,omitzero"`
	Windows     rules.Week          `json:"windows,omitempty" doc:"Calling hours by weekday, e.g. mon: [09:00-12:00]; they narrow the profile"`
	Retry       campaign.RetryTable `json:"retry,omitempty"`
	MaxAttempts int                 `json:"max_attempts,omitempty"`
	Concurrency int                 `json:"concurrency,omitempty"`
	CPS         float64             `json:"cps,omitempty"`
	RingTimeout campaign.Duration   `json:"ring_timeout,omitempty"`
	MaxTalk     campaign.Duration   `json:"max_talk,omitempty"`
	TestMode    bool                `json:"test_mode,omitempty"`
	AllowList   []string            `json:"allow_list,omitempty"`
	Variables   map[string]string   `json:"variables,omitempty"`
}

func (d campaignDraft) campaign(tenant string) campaign.Campaign {
	return campaign.Campaign{
		Tenant: tenant, Name: d.Name, List: d.List, Flow: d.Flow, Profile: d.Profile, Language: d.Language,
		Trunk: d.Trunk, CallerIDs: d.CallerIDs, Schedule: d.Schedule, Retry: d.Retry, MaxAttempts: d.MaxAttempts,
		Windows: d.Windows, Concurrency: d.Concurrency, CPS: d.CPS, RingTimeout: d.RingTimeout, MaxTalk: d.MaxTalk,
		TestMode: d.TestMode, AllowList: d.AllowList, Variables: d.Variables,
	}
}

// fieldFirst matches an error that begins with the name of a field.
var fieldFirst = regexp.MustCompile(`^[a-z_]+(:| must )`)

// sentence makes an error a sentence. A field's name stays as it is written.
func sentence(err error) string {
	text := err.Error()
	if !fieldFirst.MatchString(text) {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	return text + "."
}
