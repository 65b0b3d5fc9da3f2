"""What people call the services on which they want to be reached, in the scripts that they write in."""

_SPELLINGS = {
    "telegram": "telegram|телеграм+|телега|тг|تيليجرام|تيليغرام|تلجرام|تليجرام|تلغرام|تلگرام|ٹیلی ?گرام|تێلیگرام|टेलीग्राम|টেলিগ্রাম|ቴሌግራም|เทเลแกรม|纸飞机|电报|τελεγκραμ|tg|tele",
    "instagram": "insta(?:gram)?|ig|инста(?:грам)?|انستا(?:غرام|جرام|قرام|گرام)?|اینستا(?:گرام)?|इंस्टा(?:ग्राम)?|ইনস্টা(?:গ্রাম)?|ไอจี",
    "whatsapp": (
        "whats? ?app|what'?s ?app|w[uo]t?sapp?|wasap|guasap|whatsap|zap(?:zap)?|ватсап|вотсап|вацап|واتس ?اب|واتساپ|واتس ?آپ|وتساپ|واتس|واٹس ?ایپ"
        "|واتسئاپ|व्हाट्सएप|व्हाट्सऐप|वाट्सएप|হোয়াটসঅ্যাপ|হোয়াটস ?অ্যাপ|ዋትስአፕ|ዋትሳፕ|วอทแอพ|วอตส์แอป|wa"
    ),
    "viber": "viber|вайбер|вібер|فايبر|وايبر|وایبر|ভাইবার|वाइबर|ቫይበር",
    "signal": "signal|сигнал|سيجنال|سیگنال|सिग्नल|ሲግናል",
    "snapchat": "snap(?:chat)?|снап(?:чат)?|سناب(?: ?شات)?|اسنپ ?چت",
    "imo": "imo|ايمو|ایمو|ইমো|इमो|ኢሞ|имо",
    "botim": "botim|بوتيم|بوتیم|بوتم",
    "skype": "skype|скайп|سكايب|اسکایپ|স্কাইপ",
    "wechat": "wechat|weixin|微信|薇信|威信|v信|卫星号|vx|wx",
    "line": "line|ไลน์|ไลน|แอดไลน์",
    "facebook": "messenger|facebook|fb|фейсбук|فيسبوك|فیسبوک|ফেসবুক|फेसबुक|เฟซ",
    "other": "zalo|kik|threema|wickr|tik ?tok|discord|qq|session|dm|pm|ib|inbox|mp|pisz|priv(?:ate?)?|лс|личк[ау]",
}  # fmt: skip

SERVICE = "|".join(_SPELLINGS.values())
"""Every spelling, as the inside of a group of a pattern that does not mind case."""
