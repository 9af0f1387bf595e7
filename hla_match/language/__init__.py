"""What a person reads, in the person's language: English, or Simplified Chinese.

Every text for a person stands in the code in English, inside `translated` or `translated_count`; a catalogue gives it
in another language. Columns of result files, codes of errors, names of alleles and of options are for programs, and
stay as they are in every language.

    translated("{n} donors were found", n=12)
        |                                catalogues/zh_Hans/LC_MESSAGES/*.po
        v  language of the moment        (gettext; one file for each part of the house)
    "12 donors were found"  or  "找到 12 名供者"

One word of English may be two of another language: `translated_in` names what it is said of.

A text that is kept as data, such as a note of how a typing was read, is English, and made by `retellable`:
`retold_form` gives it in the language of the moment at which it is shown.

The language is that of the moment (`speaking`): of the command, of the report, or of the request that the desk answers.
A text that the catalogue lacks is shown in English; a test fails where one is missing, or where a translation names
other values than its text. `python -m tests.catalogues` brings new texts into the catalogues and compiles them.
"""

from hla_match.language.speaking import DEFAULT as DEFAULT
from hla_match.language.speaking import LANGUAGES as LANGUAGES
from hla_match.language.speaking import LOCALES as LOCALES
from hla_match.language.speaking import language as language
from hla_match.language.speaking import language_of as language_of
from hla_match.language.speaking import listed as listed
from hla_match.language.speaking import retellable as retellable
from hla_match.language.speaking import retold_form as retold_form
from hla_match.language.speaking import spaced as spaced
from hla_match.language.speaking import speaking as speaking
from hla_match.language.speaking import translatable as translatable
from hla_match.language.speaking import translatable_in as translatable_in
from hla_match.language.speaking import translated as translated
from hla_match.language.speaking import translated_count as translated_count
from hla_match.language.speaking import translated_in as translated_in
