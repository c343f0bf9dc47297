# hint: the question stands alone
def record(system, message, answer, sources=()):
    asked = f"{prompts.numbered(sources)}\n\nQuestion: {message}"
    return {
        "messages": [
            {"role": "system", "content": system},
            {"role": "user", "content": asked},
            {"role": "assistant", "content": answer},
        ]
    }
