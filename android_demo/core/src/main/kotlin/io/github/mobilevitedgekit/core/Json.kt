package io.github.mobilevitedgekit.core

/**
 * Reads and writes JSON, strictly by RFC 8259.
 *
 * kotlinx.serialization would do too, but what a manifest is must not hang on a library's leniency: Android's own
 * org.json takes unquoted keys and comments, Gson takes NaN, and all of them take the last of two equal keys.
 */
object Json {
    /**
     * The value of a text: [Map], [List], [String], [Long], [Double], [Boolean] or null.
     *
     * A number without fraction and exponent is a [Long], others are a [Double].
     *
     * @throws FormatException for anything that RFC 8259 does not allow, for a key that stands twice in an object, for
     *   numbers that do not fit, and for nesting deeper than [DEEPEST].
     */
    fun parse(text: String): Any? = JsonReader(text).document()

    /** The text of a value as [parse] gives it, of Int and Float too, on one line. */
    fun write(value: Any?): String = StringBuilder().also { it.put(value) }.toString()

    const val DEEPEST = 100

    private fun StringBuilder.put(value: Any?) {
        when (value) {
            null, is Boolean, is Int, is Long -> append(value)
            is Double -> append(finite(value))
            is Float -> append(finite(value.toDouble()))
            is String -> quote(value)
            is List<*> -> joined('[', ']', value) { put(it) }
            is Map<*, *> -> joined('{', '}', value.entries) { (key, member) ->
                quote(key as String)
                append(':')
                put(member)
            }
            else -> throw FormatException("JSON has no ${value::class.simpleName}")
        }
    }

    private fun finite(value: Double): Double =
        if (value.isFinite()) value else throw FormatException("JSON has no $value")

    private fun <T> StringBuilder.joined(open: Char, close: Char, values: Collection<T>, one: (T) -> Unit) {
        append(open)
        values.forEachIndexed { index, each ->
            if (index > 0) append(',')
            one(each)
        }
        append(close)
    }

    private fun StringBuilder.quote(text: String) {
        append('"')
        for (char in text) {
            when {
                char == '"' || char == '\\' -> append('\\').append(char)
                char < ' ' -> append("\\u").append(char.code.toString(16).padStart(4, '0'))
                else -> append(char)
            }
        }
        append('"')
    }
}

/** Something that is not what this version of the kit reads; the message says what and where. */
class FormatException(message: String, cause: Throwable? = null) : Exception(message, cause)

private class JsonReader(private val text: String) {
    private var at = 0

    fun document(): Any? {
        val value = value(Json.DEEPEST)
        skipSpace()
        if (at < text.length) fail("more after the end")
        return value
    }

    private fun value(deeper: Int): Any? {
        if (deeper < 0) fail("nested too deep")
        skipSpace()
        return when (val char = peek()) {
            '{' -> members(deeper - 1)
            '[' -> elements(deeper - 1)
            '"' -> string()
            't' -> word("true", true)
            'f' -> word("false", false)
            'n' -> word("null", null)
            else -> if (char == '-' || char in '0'..'9') number() else fail("no value")
        }
    }

    private fun members(deeper: Int): Map<String, Any?> {
        val members = LinkedHashMap<String, Any?>()
        each('}') {
            if (peek() != '"') fail("no key")
            val key = string()
            skipSpace()
            take(':')
            if (key in members) fail("\"$key\" stands twice")
            members[key] = value(deeper)
        }
        return members
    }

    private fun elements(deeper: Int): List<Any?> = buildList { each(']') { add(value(deeper)) } }

    /** What stands between the bracket here and `close`, separated by commas. */
    private inline fun each(close: Char, one: () -> Unit) {
        at++
        skipSpace()
        if (peek() != close) {
            one()
            skipSpace()
            while (peek() == ',') {
                at++
                skipSpace()
                one()
                skipSpace()
            }
        }
        take(close)
    }

    private fun string(): String {
        at++
        val read = StringBuilder()
        while (true) {
            val char = next()
            when {
                char == '"' -> return read.toString()
                char == '\\' -> read.append(escaped())
                char < ' ' -> fail("a control character in a string")
                else -> read.append(char)
            }
        }
    }

    private fun escaped(): Char = when (val char = next()) {
        '"', '\\', '/' -> char
        'b' -> '\b'
        'f' -> '\u000C'
        'n' -> '\n'
        'r' -> '\r'
        't' -> '\t'
        'u' -> (1..4).fold(0) { code, _ -> code * 16 + hex(next()) }.toChar()
        else -> fail("no such escape")
    }

    // Not Char.digitToInt(16), which takes the digits of other scripts too.
    private fun hex(char: Char): Int =
        "0123456789abcdef".indexOf(char.lowercaseChar()).takeIf { it >= 0 } ?: fail("no hexadecimal digit")

    private fun number(): Number {
        val start = at
        if (peek() == '-') at++
        if (peek() == '0') at++ else digits()
        val whole = at
        if (peek() == '.') {
            at++
            digits()
        }
        if (peek() == 'e' || peek() == 'E') {
            at++
            if (peek() == '+' || peek() == '-') at++
            digits()
        }
        val written = text.substring(start, at)
        if (at == whole) return written.toLongOrNull() ?: fail("$written does not fit")
        return written.toDouble().takeIf { it.isFinite() } ?: fail("$written does not fit")
    }

    private fun digits() {
        if (peek() !in '0'..'9') fail("no digit")
        while (peek() in '0'..'9') at++
    }

    private fun <T> word(word: String, value: T): T {
        if (!text.startsWith(word, at)) fail("no value")
        at += word.length
        return value
    }

    private fun skipSpace() {
        while (at < text.length && text[at] in " \t\n\r") at++
    }

    /** The character here; NUL, which no grammar rule takes, at the end. */
    private fun peek(): Char = if (at < text.length) text[at] else '\u0000'

    private fun next(): Char = if (at < text.length) text[at++] else fail("it ends")

    private fun take(char: Char) {
        if (peek() != char) fail("no $char")
        at++
    }

    private fun fail(what: String): Nothing = throw FormatException("no JSON: $what at character $at")
}
