"""What people call the services on which they want to be reached, in the scripts that they write in."""

_SPELLINGS = (
    # Telegram
    "telegram|телеграм+|телега|тг|تيليجرام|تيليغرام|تلجرام|تليجرام|تلغرام|تلگرام|ٹیلی ?گرام|تێلیگرام|टेलीग्राम|টেলিগ্রাম|ቴሌግራም",
    "เทเลแกรม|纸飞机|电报|τελεγκραμ|tg|tele",
    # Instagram
    "insta(?:gram)?|ig|инста(?:грам)?|انستا(?:غرام|جرام|قرام|گرام)?|اینستا(?:گرام)?|इंस्टा(?:ग्राम)?|ইনস্টা(?:গ্রাম)?|ไอจี",
    # WhatsApp
    "whats? ?app|what'?s ?app|w[uo]t?sapp?|wasap|guasap|whatsap|zap(?:zap)?|ватсап|вотсап|вацап",
    "واتس ?اب|واتساپ|واتس ?آپ|وتساپ|واتس|واٹس ?ایپ|واتسئاپ|व्हाट्सएप|व्हाट्सऐप|वाट्सएप",
    "হোয়াটসঅ্যাপ|হোয়াটস ?অ্যাপ|ዋትስአፕ|ዋትሳፕ|วอทแอพ|วอตส์แอป|wa",
    # Viber, Signal, Snapchat, IMO, Botim, Skype
    "viber|вайбер|вібер|فايبر|وايبر|وایبر|ভাইবার|वाइबर|ቫይበር",
    "signal|сигнал|سيجنال|سیگنال|सिग्नल|ሲግናል",
    "snap(?:chat)?|снап(?:чат)?|سناب(?: ?شات)?|اسنپ ?چت",
    "imo|ايمو|ایمو|ইমো|इमो|ኢሞ|имо",
    "botim|بوتيم|بوتیم|بوتم",
    "skype|скайп|سكايب|اسکایپ|স্কাইপ",
    # WeChat, Line, Facebook
    "wechat|weixin|微信|薇信|威信|v信|卫星号|vx|wx",
    "line|ไลน์|ไลน|แอดไลน์",
    "messenger|facebook|fb|фейсбук|فيسبوك|فیسبوک|ফেসবুক|फेसबुक|เฟซ",
    # others, and private messages
    "zalo|kik|threema|wickr|tik ?tok|discord|qq|session|dm|pm|ib|inbox|mp|pisz|priv(?:ate?)?|лс|личк[ау]",
)

SERVICE = "|".join(_SPELLINGS)
"""Every spelling, as the inside of a group of a pattern that does not mind case."""
