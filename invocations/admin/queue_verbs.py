"""What the queue page's buttons do. Each says what it did, or why not, and leads back."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from invocations.admin.pages import page
from invocations.admin.queue_page import queue_page, queues_crumb
from invocations.engines.sqs import content, move_tasks, queues, sending
from invocations.engines.sqs.errors import QueueRefusal
from invocations.forms import refusal_sentence
from invocations.forms.queues import CreateQueueForm, RedriveForm, SendForm
from invocations.models import MoveTask, Queue
from invocations.values import Scope


def _back(queue: Queue) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:invocations_queue_change", args=[queue.pk]))


def _told(request: HttpRequest, queue: Queue, act: Callable[[], str]) -> HttpResponse:
    try:
        messages.success(request, act())
    except QueueRefusal as refusal:
        messages.error(request, refusal_sentence(refusal))
    return _back(queue)


def create(request: HttpRequest, scope: Scope, again: Callable[[CreateQueueForm], HttpResponse]) -> HttpResponse:
    """Make a queue; `again` shows the form with what is wrong."""
    form = CreateQueueForm(request.POST)
    if not form.is_valid():
        return again(form)
    try:
        queue = queues.create(scope, form.cleaned_data["name"], form.attributes(scope), {})
    except QueueRefusal as refusal:
        form.add_error(_field_of(refusal.message), refusal_sentence(refusal))
        return again(form)
    messages.success(request, f"{queue.name} is there.")
    return _back(queue)


def _field_of(message: str) -> str | None:
    """The field that AWS's sentence is about, None when it is about all of them."""
    about = {"RedrivePolicy": "dead_letter_queue", "queue name": "name", "alphanumeric": "name", "QueueName": "name"}
    return next((field for word, field in about.items() if word in message), None)


def send(request: HttpRequest, queue: Queue) -> HttpResponse:
    form = SendForm(request.POST)
    if not form.is_valid():
        return queue_page(request, queue, form=form, status=400)
    message = form.message(request.user.get_username())
    try:
        content.check(queue, message)
        sent = sending.send(queue, [message])[0]
    except QueueRefusal as refusal:
        form.add_error(None, refusal_sentence(refusal))
        return queue_page(request, queue, form=form, status=400)
    messages.success(request, f"Sent: {sent.message_id}.")
    return _back(queue)


def purge(request: HttpRequest, queue: Queue) -> HttpResponse:
    return _told(request, queue, lambda: f"{queues.purge(queue)} messages are deleted.")


def redrive(request: HttpRequest, queue: Queue) -> HttpResponse:
    """Start to move the messages of a dead-letter queue back to where they died, or elsewhere."""
    form = RedriveForm(request.POST)
    if not form.is_valid():
        return queue_page(request, queue, redrive_form=form, status=400)
    to, rate = form.cleaned_data["to"], form.cleaned_data["rate"]

    def act() -> str:
        destination = f"arn:aws:sqs:{queue.region}:{queue.account}:{to}" if to else None
        task = move_tasks.start(queue.arn, destination, rate)
        return f"{task.to_move} messages are on their way {'to ' + to if to else 'back'}."

    return _told(request, queue, act)


def cancel_redrive(request: HttpRequest, queue: Queue) -> HttpResponse:
    def act() -> str:
        task = MoveTask.objects.filter(source_arn=queue.arn, status=MoveTask.Status.RUNNING).first()
        if task is None:
            return "No redrive is running."
        move_tasks.cancel(move_tasks.write_handle(task))
        return "The redrive is being stopped; what was moved stays moved."

    return _told(request, queue, act)


def delete(request: HttpRequest, queue: Queue) -> HttpResponse:
    if request.method == "POST":
        queues.delete(queue)
        messages.success(request, f"{queue.name} is deleted.")
        return HttpResponseRedirect(reverse("admin:invocations_queue_changelist"))
    context = {"queue": queue, "counts": queues.counts(queue), "sources": queues.sources_of(queue, most=20)}
    return page(request, "console/queue_delete.html", f"Delete {queue.name}", context, [queues_crumb()])
