"""What people fill in, once for every door: console pages, REST-style submissions, commands.

A form checks shapes and says what to change; the rules of AWS are in the flows, which refuse with AWS's own words.
"""

from invocations.forms.aliases import AliasForm, PublishForm
from invocations.forms.functions import (
    CodeForm,
    ConcurrencyForm,
    ConfigurationForm,
    CreateFunctionForm,
    ProvisionedForm,
)
from invocations.forms.invoke import InvokeForm, TestEventForm
from invocations.forms.refusals import form_sentence, refusal_sentence

__all__ = [
    "AliasForm",
    "CodeForm",
    "ConcurrencyForm",
    "ConfigurationForm",
    "CreateFunctionForm",
    "InvokeForm",
    "ProvisionedForm",
    "PublishForm",
    "TestEventForm",
    "form_sentence",
    "refusal_sentence",
]
