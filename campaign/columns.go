package campaign

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// aliases maps header names, lower case with spaces as underscores, to the
// names of the documentation.
var aliases = map[string]string{
	"phone": "phone", "phone_number": "phone", "mobile": "phone", "tel": "phone", "telephone": "phone",
	"手机号": "phone", "手机": "phone", "手机号码": "phone", "电话": "phone", "电话号码": "phone", "联系电话": "phone",
	"alt_phones": "alt_phones", "备用电话": "alt_phones",
	"name": "name", "姓名": "name", "客户姓名": "name",
	"language": "language", "语言": "language",
	"timezone": "timezone", "time_zone": "timezone", "时区": "timezone",
	"region": "region", "地区": "region",
	"external_id": "external_id", "客户编号": "external_id",
	"account_id": "account_id", "debt_id": "account_id", "order_id": "account_id", "订单号": "account_id", "账单号": "account_id",
	"creditor": "creditor", "merchant": "creditor", "商家": "creditor", "债权人": "creditor",
	"product": "product", "商品": "product",
	"amount_due": "amount_due", "amount": "amount_due", "金额": "amount_due", "应还金额": "amount_due",
	"currency": "currency", "币种": "currency",
	"due_date": "due_date", "应还日期": "due_date", "到期日": "due_date",
	"days_past_due": "days_past_due", "逾期天数": "days_past_due",
	"min_payment": "min_payment", "最低还款额": "min_payment",
	"payment_link": "payment_link", "还款链接": "payment_link",
	"verify_factor": "verify_factor", "验证信息": "verify_factor",
	"consent_kind": "consent_kind", "consent_at": "consent_at", "consent_evidence": "consent_evidence", "consent_expires": "consent_expires",
	"priority": "priority", "优先级": "priority",
	"expires_at": "expires_at", "有效期": "expires_at",
	"attempts_last_7d": "attempts_last_7d", "last_conversation_at": "last_conversation_at",
}

// Bounds of a list's shape.
const (
	maxColumns = 200
	maxHeader  = 100  // bytes of a header name
	maxCell    = 4096 // bytes of a cell
)

// mapHeader names each column: by the uploader's own choice, else by the
// documented names, else as a variable of the flow under its own name. A
// column chosen as "-" is left out and comes back as "".
func mapHeader(header []string, chosen map[string]string) ([]string, error) {
	if len(header) > maxColumns {
		return nil, Invalid{fmt.Sprintf("the list has %d columns; at most %d are possible", len(header), maxColumns)}
	}
	names := make([]string, len(header))
	seen := map[string]string{}
	for i, h := range header {
		h = strings.TrimSpace(h)
		if len(h) > maxHeader || !utf8.ValidString(h) {
			return nil, Invalid{fmt.Sprintf("the header of column %d is no name; the first row must hold the column names", i+1)}
		}
		name, ok := chosen[h]
		switch {
		case ok && name == "-", h == "":
			continue
		case !ok:
			name = variableName(h)
			if known, ok := aliases[name]; ok {
				name = known
			}
		}
		if other, twice := seen[name]; twice {
			return nil, Invalid{fmt.Sprintf("the columns %q and %q both mean %s; rename one or leave it out", other, h, name)}
		}
		seen[name], names[i] = h, name
	}
	if _, ok := seen["phone"]; !ok {
		return nil, Invalid{"no column holds the phone number; name it phone, 手机号 or 电话, or say which one it is"}
	}
	return names, nil
}

// variableName makes a header usable in a flow: lower case, anything that is no
// letter or digit of some script an underscore.
func variableName(h string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(h) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			r = '_'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// SafeCell makes text harmless in a spreadsheet: a cell that would begin a
// formula gets a leading apostrophe, which programs show as text.
func SafeCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
