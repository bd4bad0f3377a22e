package io.github.mobilevitedgekit.core

/**
 * The members of a JSON object, each taken once and by its type; what nobody takes is an error too.
 *
 * `where` is the object's place in the file, for example "outputs.0"; empty for the file itself.
 */
internal class Fields private constructor(private val members: Map<String, Any?>, private val where: String) {
    private val untaken = members.keys.toMutableSet()

    fun string(name: String): String = take(name, "text") { it as? String }

    fun string(name: String, pattern: Regex): String =
        take(name, "text like ${pattern.pattern}") { (it as? String)?.takeIf(pattern::matches) }

    fun boolean(name: String): Boolean = take(name, "true or false") { it as? Boolean }

    fun int(name: String): Int = take(name, "a whole number", ::whole)

    fun positive(name: String): Int = take(name, "a positive whole number") { value -> whole(value)?.takeIf { it > 0 } }

    fun long(name: String): Long =
        take(name, "a positive whole number") { value -> (value as? Long)?.takeIf { it > 0 } }

    fun number(name: String): Double = take(name, "a number") { (it as? Number)?.toDouble() }

    fun <T : Any> choice(name: String, values: Map<String, T>): T =
        take(name, "one of ${values.keys.joinToString()}") { values[it] }

    fun word(name: String, vararg choices: String): String = choice(name, choices.associateBy { it })

    fun strings(name: String): List<String> = list(name) { value, place -> value as? String ?: fail(place, "text") }

    fun strings(name: String, pattern: Regex): List<String> = list(name) { value, place ->
        (value as? String)?.takeIf(pattern::matches) ?: fail(place, "text like ${pattern.pattern}")
    }

    fun shape(name: String): List<Int> = list(name) { value, place ->
        whole(value)?.takeIf { it > 0 } ?: fail(place, "a positive whole number")
    }

    fun numbers(name: String): List<Double> =
        list(name) { value, place -> (value as? Number)?.toDouble() ?: fail(place, "a number") }

    fun numbersByName(name: String): Map<String, Double> =
        take(name, "an object") { it as? Map<*, *> }.entries.associate {
            it.key as String to ((it.value as? Number)?.toDouble() ?: fail("${place(name)}.${it.key}", "a number"))
        }

    fun texts(name: String): Map<String, String> = take(name, "an object") { it as? Map<*, *> }.entries.associate {
        it.key as String to (it.value as? String ?: fail("${place(name)}.${it.key}", "text"))
    }

    fun <T> inner(name: String, read: Fields.() -> T): T = of(takeAny(name), place(name), read)

    fun <T> inners(name: String, read: Fields.() -> T): List<T> = list(name) { value, place -> of(value, place, read) }

    /** Null where the file says null, or nothing if `optional`; else what `read` makes of the member. */
    fun <T> orNull(name: String, optional: Boolean = false, read: Fields.(String) -> T): T? {
        if (optional && name !in members) return null
        if (name in members && members[name] == null) {
            untaken -= name
            return null
        }
        return read(name)
    }

    /** To be read before all else, since other schemas have other members. what: the file is; advice: for others. */
    fun schemaVersion(ours: Int, what: String, advice: String = "") {
        val found = int("schema_version")
        if (found != ours) {
            throw FormatException("schema_version: this $what is of schema $found, this version reads $ours$advice")
        }
    }

    fun wrong(name: String, why: String): Nothing = throw FormatException("${place(name)} $why")

    private fun <T> list(name: String, one: (Any?, String) -> T): List<T> =
        take(name, "a list") { it as? List<*> }.mapIndexed { index, value -> one(value, "${place(name)}.$index") }

    private fun <T : Any> take(name: String, what: String, cast: (Any?) -> T?): T =
        cast(takeAny(name)) ?: fail(place(name), what)

    private fun takeAny(name: String): Any? {
        if (name !in members) throw FormatException("${place(name)} is missing")
        untaken -= name
        return members[name]
    }

    private fun place(name: String) = if (where.isEmpty()) name else "$where.$name"

    companion object {
        /** `read` over a whole file; FormatException names the first place that is wrong. */
        fun <T> ofText(text: String, read: Fields.() -> T): T = of(Json.parse(text), "", read)

        private fun <T> of(value: Any?, where: String, read: Fields.() -> T): T {
            @Suppress("UNCHECKED_CAST")
            val fields = Fields(value as? Map<String, Any?> ?: fail(where, "an object"), where)
            val result = fields.read()
            fields.untaken.firstOrNull()?.let { throw FormatException("${fields.place(it)} is unknown here") }
            return result
        }

        private fun whole(value: Any?): Int? = (value as? Long)?.takeIf { it in Int.MIN_VALUE..Int.MAX_VALUE }?.toInt()

        private fun fail(place: String, what: String): Nothing =
            throw FormatException("${place.ifEmpty { "the file" }} must be $what")
    }
}
