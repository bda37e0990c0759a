package keyword

// englishSets are short, natural sentences: they are compiled into grammars,
// so each alternative costs the recogniser something. The words are those of
// cmudict.
var englishSets = map[string][]string{
	"yes": {
		"yes|yeah|yep|yup|sure|okay|correct|right|exactly|absolutely|definitely|speaking",
		"[yes] (that's|that is) (right|correct|fine|me|good)", "(of course|sounds good|go ahead|no problem|yes please)",
		"(yes|yeah) (speaking|it is|i am|i can|i do|this is me)", "this is (he|she|me)", "(it's|it is) me", "i agree",
	},
	"no": {
		"no|nope|nah|wrong|incorrect", "not (me|really|right|correct|today)", "no (thanks|thank you|way|it isn't|i can't|i don't)",
		"(that's|that is) (wrong|not right|not correct|not me)", "i don't think so", "absolutely not",
	},
	"already_paid": {
		"i [have] already paid [it|that|this]", "(i've|i have) [already] paid [it|that|this] [yesterday|last week|today]",
		"i paid [it|that|this] [already|yesterday|last week|last night|today|<date>]", "(it's|it is|it was) [already] paid",
		"i [already] sent (it|that|the money|the payment) [yesterday|last night|last week|<date>]",
		"i [already] made the payment", "(it's|it is) been paid", "[the] payment was [already] (made|sent)", "already paid", "i (settled|cleared) (it|that) [already]",
		"check (again|your records)",
	},
	"instalment": {
		"can i pay [it] in (installments|parts|two payments|three payments)", "(can i|i can only|i'd like to|i want to) pay (part|half) [of it] [now]",
		"(can we|i need to) set up a payment plan", "[a|i need a|i want a] payment plan", "(can i|could i) split (it|the payment|that)",
		"i can pay (some|part|half) [of it] [now]", "i can't pay [it] all at once", "(monthly|smaller) payments", "a little at a time",
	},
	"dispute": {
		"i (don't|do not) owe (this|that|anything|you anything|any money)", "(that's|this is|that is) not (my debt|my bill|mine|my account)",
		"i (never|didn't) (bought|buy|ordered|order|signed|sign|received|receive) (this|that|it|anything)",
		"i (dispute|am disputing) (this|that|it|the amount)", "the (amount|bill) is wrong", "(that's|this is) a mistake", "(that's|this is) (fraud|a fraud)",
		"i (cancelled|returned) (it|that|the order)", "i want to dispute (this|it)", "i don't recognize this",
	},
	"refused": {
		"(i'm|i am) not (going to pay|paying) [it|this|that|you|anything]", "i (won't|will not|refuse to) pay [it|this|that|you|anything]",
		"(you're|you are) not getting (a penny|any money|anything)", "i don't want to pay [it|this|that]", "forget (it|about it)", "no way (am i|i'm) paying",
		"sue me", "i'm never paying",
	},
	"hardship": {
		"i (lost|just lost) my job", "(i'm|i am|i've been) (unemployed|laid off|out of work|broke)", "[i] (can't|cannot) afford (it|this|that|to pay)",
		"i (have no|don't have any|don't have the|don't have) money [right now]", "i (can't|cannot) pay [it|this|right now|that much|at the moment]",
		"(i'm|i am|i was) in [the] hospital", "(i'm|i am) (sick|struggling)", "money is tight", "i need more time", "i'm having (a hard time|financial problems)",
	},
	"wrong_number": {
		"[you have|you've got|you got|sorry] [the] wrong number", "[there's] nobody (here by|by|with) that name [here]", "no one (here by|by) that name [here]", "wrong person",
		"i don't know (him|her|that person|this person|anyone by that name)", "(he|she) doesn't live here", "this is not (his|her) number", "you [have] dialed the wrong number",
	},
	"third_party": {
		"(he's|she's|he is|she is) not (here|home|in|available) [right now]", "(i'm|i am|this is) (his|her) (wife|husband|mother|father|son|daughter|brother|sister|roommate|friend)",
		"(can i|may i) take a message", "(he's|she's|he is|she is) (at work|out|sleeping|busy)", "(he|she) will be back [later|soon]", "(he|she) just stepped out", "you just missed (him|her)",
	},
	"ask_identity": {
		"who (is this|are you|is calling|am i speaking with|am i talking to)", "who's (this|calling|speaking)", "(where are you|who are you) calling from",
		"what company (is this|are you with|are you from)", "(what is|what's) (this|this call|it) about", "what do you want", "may i ask who's calling", "why are you calling [me]",
	},
	"ask_robot": {
		"(are you|am i talking to|is this) (a robot|a machine|a computer|a recording|a real person|a human)", "(are you|is this) (real|human|automated)", "you sound like a (robot|machine)", "(is this|are you) (an|a) (automated|recorded) (call|message)",
		"i don't talk to (robots|machines)",
	},
	"opt_out": {
		"(stop|quit) calling [me|this number]", "(don't|do not) [ever] call [me|this number|here] [again|anymore]", "(take|remove) me (off|from) (your|the) list", "(take|remove) (my number|this number) (off|from) (your|the) list",
		"never call [me|this number] again", "please stop calling [me]", "put me on (the|your) do not call list", "leave me alone", "unsubscribe",
	},
	"callback": {
		"(can you|could you|please) call [me] (back|later|again) [<moment>]", "call [me] (back|later) [<moment>]", "call me [back|again] <moment>", "(i'm|i am) (busy|driving|at work|in a meeting) [right now]",
		"(now's|now is|this is) not a good time", "(i can't|cannot) talk [right now|now]", "not [right] now", "[try|call] [me] [again] later", "(can i|i'll|let me) call [you] back",
	},
	"agent_requested": {
		"[i want to|i'd like to|can i|let me|i need to] (speak|talk) (to|with) (a human|a person|a real person|someone|somebody|an agent|a representative|your manager|a supervisor)",
		"(get|give) me (a human|a person|a real person|an agent|your manager|a supervisor)", "(agent|operator|representative|human) [please]", "(transfer|connect) me [to (a person|an agent|someone)]", "a real person [please]", "customer service",
	},
	"angry": {
		"(fuck|screw) (you|off|this)", "go to hell", "shut up", "(you're|you are) (a|an) (idiot|moron|asshole|thief|liar|scammer)", "(this|that) is (bullshit|ridiculous|harassment|a scam)", "this is harassment you people call me (every day|all the time)", "(stop harassing|you're harassing|you are harassing) me", "damn (you|it)",
		"you people are (crazy|insane|the worst|ridiculous)", "(i'm|i am) (sick of|tired of|fed up with) (this|you|these calls)",
	},
	"complaint": {
		"(i'm|i am) going to (report|sue) (you|this)", "i (will|want to) (file|make) a complaint", "i'll (report|sue) you", "i want to complain", "(i'm|i am) calling (the police|my lawyer)",
	},
	"repeat": {
		"(can you|could you|please) (repeat|say) that [again] [please]", "say (that|it) again [please]", "(what|sorry|pardon|excuse me)", "what did you say", "i (didn't|can't|couldn't|did not) (hear|catch|understand) (you|that|it)", "come again", "one more time",
		"(pardon|excuse) me", "repeat [that] [please]", "speak up [please]",
	},
	"ask_amount": {
		"how much [is it|was it|do i owe|is that|money]", "what (is|was) the (amount|total|balance)", "how much (is|was) the (bill|payment|debt)", "what do i owe [you]", "what's the (amount|total|balance)",
	},
	"deceased": {
		"(he|she) [has] (died|passed away|passed)", "(he's|she's|he is|she is) (dead|deceased|no longer with us)", "(my|her|his) (husband|wife|father|mother|son|daughter|brother|sister) [has|just] (died|passed away)",
	},
	"bankrupt": {
		"(i'm|i am|i went|we're) bankrupt", "i [have] (filed|filed for|declared) bankruptcy", "(i'm|i am) (filing for|in) bankruptcy", "(i'm|i am) in chapter (seven|thirteen)",
	},
	"lawyer": {
		"(talk|speak) (to|with) my (lawyer|attorney)", "i have (a lawyer|an attorney)", "(my lawyer|my attorney) will (call|contact) you", "call my (lawyer|attorney)", "contact my (lawyer|attorney)", "(i'm|i am) represented by (a lawyer|an attorney)",
	},
	"pay_now": {
		"[yes] (i can|i'll|i will|i want to|can i|let me|i'd like to) pay [it] [right] now", "[yes] (i can|i'll|i will|can i|let me) pay (it|today|immediately|right away)", "(send|text) me (the|a) link", "pay now", "(can i|i'll|i want to) pay (by|with) [a|my] card",
		"how (do|can) i pay [it|that]", "[i'll] do it [right] now",
	},
	"will_pay": {
		"[yes] (i'll|i will|i can) pay [it|that] [<date>]", "[yes] (i'll|i will) (take care of|deal with|handle) (it|that) [<date>]", "(i'm|i am) going to pay [it|that] [<date>]", "i get paid [<date>]", "when i get paid", "[i can|i'll] pay [you] [on] <date>",
		"[i can|i'll] pay <money> [<date>]", "(i'll|i will) send (it|the money|the payment) [<date>]", "i promise",
	},
	"hold_on": {
		"(hold|hang) on [a second|a minute|please]", "wait [a second|a minute|a moment|please]", "(one|just a|give me a|one more) (moment|second|minute) [please]", "let me (check|see|think|get my card)", "just wait",
	},
	"ask_what": {
		"what (is it|is this|bill) for", "what did i (buy|order)", "what (bill|debt|account|payment) [is that|is this|are you talking about]", "which (bill|account|order)", "i don't know what (this is|you're talking about)",
	},
	"not_sure": {
		"i don't know [yet|when]", "(i'm|i am) not sure [yet|when]", "i have to (check|think about it|ask my wife|ask my husband)", "maybe", "(let me|i'll) think about it", "it depends",
	},
	"thanks": {
		"thank you [very much|so much]", "thanks [a lot]", "i appreciate (it|that)", "(good|thank you) bye",
	},
	"goodbye": {
		"bye [bye]", "goodbye", "have a (good|nice) (day|one)", "(i have to|i gotta|i've got to) go", "talk to you later",
	},
	"hello": {
		"hello", "hi", "hey", "(is anybody|anybody|are you) there", "good (morning|afternoon|evening)",
	},
}
