package flow

// wording is what the bot says where a flow says nothing of its own.
type wording struct {
	silence  []string
	unclear  []string
	noAnswer string // the customer stayed silent or was not understood
	limit    string // the conversation does not come to a point
	trouble  string // a part of ours failed
	nobody   string // no human agent is free
	outside  string // a value lies outside what the merchant allows
	filler   []string
}

var wordings = map[string]wording{
	"en": {
		silence:  []string{"Are you still there?"},
		unclear:  []string{"Sorry, I did not understand.", "Sorry, I still did not understand. Please use a few simple words."},
		noAnswer: "I am sorry, we will try again another time. Goodbye.",
		limit:    "I am sorry that I could not help you in this call. Goodbye.",
		trouble:  "I am sorry, we have a technical problem. Goodbye.",
		nobody:   "All my colleagues are busy now. Someone will call you back. Goodbye.",
		outside:  "I am sorry, that is not possible.",
		filler:   []string{"One moment, please.", "Just a second, please."},
	},
	"zh": {
		silence:  []string{"您还在听吗？"},
		unclear:  []string{"不好意思，我没有听清。", "不好意思，我还是没有听懂，请您简单说。"},
		noAnswer: "不好意思，我们下次再联系您，再见。",
		limit:    "很抱歉这次没有帮到您，再见。",
		trouble:  "很抱歉，系统出了一点问题，再见。",
		nobody:   "现在同事都在忙，稍后会有人给您回电，再见。",
		outside:  "不好意思，这样不行。",
		filler:   []string{"嗯，好的，请稍等。", "请稍等一下。"},
	},
}
