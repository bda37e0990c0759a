package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

func (s *server) dnc() {
	huma.Register(s.api, operation(http.MethodGet, "/dnc", "Numbers that are never called"), s.listDNC)
	huma.Register(s.api, operation(http.MethodPost, "/dnc", "Never call a number again"), s.addDNC)
	huma.Register(s.api, operation(http.MethodDelete, "/dnc/{number}", "Allow a number again; an opt-out stays"), s.removeDNC)
	huma.Register(s.api, operation(http.MethodPost, "/payments", "Paid just now: the contact leaves every queue at once"), s.payment)
}

type dncPage struct {
	Cursor string `query:"cursor"`
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"1000"`
}

func (s *server) listDNC(ctx context.Context, in *dncPage) (*body[items[DNCEntry]], error) {
	all, err := s.o.Store.DNC(ctx, tenantOf(ctx), in.Cursor, in.Limit)
	if err != nil {
		return nil, fault(s.o.Log, "list the numbers", err)
	}
	out := &body[items[DNCEntry]]{items[DNCEntry]{Items: all}}
	if all == nil {
		out.Body.Items = []DNCEntry{}
	}
	if len(all) == in.Limit {
		out.Body.Next = all[len(all)-1].Phone
	}
	return out, nil
}

func (s *server) addDNC(ctx context.Context, in *body[DNCEntry]) (*struct{}, error) {
	return nil, fault(s.o.Log, "add the number", s.o.Store.AddDNC(ctx, tenantOf(ctx), in.Body))
}

func (s *server) removeDNC(ctx context.Context, in *struct {
	Number   string `path:"number"`
	Campaign string `query:"campaign" doc:"Only from this campaign's list"`
}) (*struct{}, error) {
	return nil, fault(s.o.Log, "remove the number", s.o.Store.RemoveDNC(ctx, tenantOf(ctx), in.Campaign, in.Number))
}

// payment says who paid; one of the three is enough.
type payment struct {
	Phone   string `json:"phone,omitempty"`
	Person  string `json:"external_id,omitempty"`
	Account string `json:"account_id,omitempty"`
}

type paid struct {
	Contacts int `json:"contacts" doc:"How many contacts left a queue"`
}

func (s *server) payment(ctx context.Context, in *body[payment]) (*body[paid], error) {
	p := in.Body
	if p.Phone == "" && p.Person == "" && p.Account == "" {
		return nil, newProblem(http.StatusUnprocessableEntity, "Name the phone, the external_id or the account_id that paid.")
	}
	n, err := s.o.Store.Payment(ctx, tenantOf(ctx), p.Phone, p.Person, p.Account)
	if err != nil {
		return nil, fault(s.o.Log, "keep the payment", err)
	}
	return &body[paid]{paid{n}}, nil
}
