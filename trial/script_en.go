package trial

import "parley/tts"

func flite(name string, speed float64) tts.Voice {
	return tts.Voice{Engine: "flite", Name: name, Language: "en", Speed: speed}
}

func espeak(language, name string, speed float64) tts.Voice {
	return tts.Voice{Engine: "espeak-ng", Name: name, Language: language, Speed: speed}
}

// The forms of a backchannel; no form is in both parts, though their words are.
var (
	englishShortDev = []string{
		"uh huh", "okay", "yeah", "sure", "yes", "oh", "I see", "mm", "okay okay", "got it", "oh yeah", "right right",
		"uh huh, yeah", "okay, sure", "really",
	}
	englishShortTest = []string{
		"mm hmm", "right", "all right", "oh okay", "yeah yeah", "yep", "oh right", "hmm", "ah", "good", "oh I see",
		"yeah okay", "of course", "mm hmm, okay", "that's right",
	}
)

var englishDev = script{
	bots: []tts.Voice{flite("slt", 1), flite("kal16", 1)},
	customers: []tts.Voice{espeak("en", "en-us+f1", 1), espeak("en", "en-us+m1", 1.1), espeak("en", "en-us+m2", 0.95),
		espeak("en", "en-gb+f2", 1), espeak("en", "en-gb+m3", 1.05), flite("kal", 1.05)},
	prompts: []string{
		"Your payment to the Acme Store was due on the first of December. When do you think that you can pay the whole amount of it?",
		"We can offer you a plan with three parts of the same size. The first of them is due this month, and the others follow in the spring.",
		"Thank you for taking the time to talk with us today. Before I go on I have to check a few details of the account with you.",
		"The amount of your last bill was one hundred and twenty dollars. Please tell me whether you would like to pay by card or by transfer.",
		"I am calling about an order that was sent to your address in October. Our records say that the invoice for it is still open.",
		"If you have sent the money already, please ignore this reminder. It may take up to three days until a transfer reaches our bank.",
	},
	asks: []ask{
		{"en.yes_no", "Is that right?", []string{"yes", "no", "yeah that's right", "no it isn't", "yes, that is me", "sure", "okay", "no thanks"}},
		{"en.date", "When can you pay?", []string{
			"I can pay, on Friday the tenth", "next Monday, or maybe on Tuesday", "on the fifteenth, of December", "I will pay it, as soon as I get my wages, on the twentieth",
			"tomorrow", "by the end of the month", "I think, on Thursday"}},
		{"en.amount", "How much can you pay?", []string{"I can pay, fifty dollars", "about two hundred, and thirty dollars", "one hundred dollars", "maybe, twenty dollars", "the half of it, so sixty dollars"}},
		{"en.digits", "What are the last four digits?", []string{"four two, nine one", "it's, seven seven three zero", "eight one six two", "zero, five, three four", "six six, one eight"}},
		{"en.free", "What happened?", []string{
			"I have been ill, and I could not go to work", "well, I think that I already paid it", "the thing that you sent me, was broken, so I sent it back",
			"I don't know", "if you give me some time, I can pay a part of it", "my wife paid that", "I called you last week, because the bill was wrong"}},
	},
	interruptions: []string{
		"wait a moment please", "I already paid that bill", "who are you again", "that is not my account", "can I talk to a person",
		"I have a question about it", "stop, I do not want this", "hold on, I need a pen", "what is this about", "please call me later today",
		"I never got any letter from you", "no, that is wrong",
	},
	yesBut: []string{
		"yeah but I paid that last week", "okay wait, who is calling", "right, but I lost my job", "yes, I sent it on Monday", "uh huh, but can I pay later",
		"oh, that was my brother", "well, I want to talk to someone", "okay okay, but not today", "mm, I do not think so",
		"yeah, hold on a second",
	},
	backchannels: englishShortDev,
}

var englishTest = script{
	bots: []tts.Voice{flite("rms", 1), espeak("en", "en-gb+f4", 1)},
	customers: []tts.Voice{flite("awb", 1), espeak("en", "en-us+f3", 1), espeak("en", "en-us+m4", 1.1), espeak("en", "en-gb+f5", 0.95),
		espeak("en", "en-us+m5", 1), espeak("en", "en-gb-scotland+m7", 1), espeak("en", "en-us+m8", 1.05)},
	prompts: []string{
		"This is a short reminder from the Green Valley library. Two of the books that you borrowed in September have not come back to us.",
		"The engineer will come to your house between eight and twelve in the morning. Somebody has to be at home to open the door for him.",
		"Your insurance ends on the last day of this year. We would like to know whether you want to keep it under the same conditions.",
		"We noticed that the charge for your telephone was not collected. This often happens when a card has expired in the meantime.",
		"Your table for four persons is booked for Saturday evening. Please say now whether anybody of you cannot eat nuts or fish.",
		"A parcel for you has been waiting at the post office since Thursday. They can keep it there for seven more days at the most.",
	},
	asks: []ask{
		{"en.yes_no", "Do you agree?", []string{"yep", "nope", "yes I do", "no, I don't think so", "of course", "not really", "yes please", "right"}},
		{"en.date", "Which day suits you?", []string{
			"let me see, on Wednesday the third", "the day after tomorrow, I hope", "on the second, of January", "when I am back from my trip, so on the eighth", "next Sunday",
			"in two weeks", "it could be, this Saturday"}},
		{"en.amount", "How much shall it be?", []string{"let us say, eighty dollars", "three hundred, and fifteen dollars", "forty five dollars", "not more than, ten dollars", "a third of it, that is thirty dollars"}},
		{"en.digits", "Please say the code.", []string{"one nine, five five", "that would be, two zero eight four", "three seven nine six", "nine, four, zero one", "five eight, two two"}},
		{"en.free", "How can we help?", []string{
			"I moved to another town, and nobody told you", "so, I was away for the whole of summer", "the man who came to us, did not have the part, and he never came back",
			"I am not sure", "because I work at night, I sleep until noon", "somebody else has that number", "I would like to change it, but your page does not let me"}},
	},
	interruptions: []string{
		"excuse me, what did you say", "I returned them on Friday", "could you repeat that please", "there is nobody with that name here", "I want to cancel the whole thing",
		"let me speak with your manager", "no no, not on that day", "just a second, someone is at the door", "how did you get my number", "I am driving at the moment",
		"this is a mistake, I think", "why does it cost so much",
	},
	yesBut: []string{
		"yes but the date is not good", "okay, can we move it to May", "sure, only I will be away", "right right, but who pays for that", "oh, you have the wrong person",
		"yeah, I told your colleague already", "hmm, that sounds too expensive", "okay so listen, I never ordered it", "well, give me a minute to look",
		"uh huh, and what if I refuse",
	},
	backchannels: englishShortTest,
}
