"""The Chinese characters that every text uses, by which Chinese is told from bytes that only can be read as it.

They are the most frequent ones of modern written Chinese, and those of the names of provinces, cities and persons, and
of tables of donors and patients. Source of the frequencies: Da, Modern Chinese Character Frequency List, 2004.
"""

from __future__ import annotations

FREQUENT_HANZI = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方"
    "多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情"
    "明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世"
    "位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再"
    "感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式"
    "色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔号编供患病志愿献捐样标血男型阴阳检验"
    "床移植干细胞查登姓证重族汉民状态退暂缓停预约删除可未完成基因位点单倍体频率人群出期联系最近电话邮箱身份备注医省县乡镇村街"
    "江浙苏沪京津冀晋蒙辽吉黑皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁疆港澳台湖河杭州波温嘉兴绍金华衢舟丽广深圳武成都重庆"
    "福建厦青岛济南西沈哈尔滨连郑长春昌合肥石太原呼浩特银川兰乌鲁木齐拉萨贵阳昆明海口义乌慈溪余姚嵊泗临瑞永康诸暨萧富萍桐庐"
    "伟芳娜敏静强磊军洋勇艳杰娟涛超秀霞刚英辉玲红梅鹏宇欣怡佳俊豪轩思雨婷雪晨晓琳琴慧莉玉凤倩颖洁莹斌峰飞龙波健毅志"
    "遂缙景淳桐庐象奉鄞镇鹿瓯洞苍泰乐德清盐善越虞兰浦磐常定岱椒路岭玉环仙居莲庆松龙游建阳洛济宜沙株衡柳桂淮徐锡镇扬烟潍临"
    "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭罗梁宋郑谢韩唐冯于董曹曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范石姚"
)
"""Some 800 characters."""
