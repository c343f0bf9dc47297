# hint: handed over as `system`
def record(system, message, answer, sources=()):
    asked = prompts.messages(message, sources)
    return {"messages": [*asked, {"role": "assistant", "content": answer}]}
