package io.github.mobilevitedgekit

import android.content.res.AssetManager
import io.github.mobilevitedgekit.core.FormatException
import io.github.mobilevitedgekit.core.GoldenSet
import io.github.mobilevitedgekit.core.Manifest
import java.io.IOException
import java.io.InputStream
import java.security.MessageDigest

/** The artifacts in a folder of the assets: those with a manifest beside them, by path. */
fun modelsIn(assets: AssetManager, folder: String = "models"): List<String> =
    assets.list(folder).orEmpty().filter { it.endsWith(Manifest.SUFFIX) }
        .map { "$folder/${it.removeSuffix(Manifest.SUFFIX)}" }

/** The manifest beside the artifact at `path`. @throws MobileViTException.Missing or Malformed */
fun readManifest(assets: AssetManager, path: String): Manifest = read(assets, path + Manifest.SUFFIX, Manifest::parse)

/** The golden set beside the artifact at `path`. @throws MobileViTException.Missing or Malformed */
fun readGoldenSet(assets: AssetManager, path: String): GoldenSet =
    read(assets, path + GoldenSet.SUFFIX, GoldenSet::parse)

private fun <T> read(assets: AssetManager, path: String, parse: (String) -> T): T = try {
    parse(assets.open(path).use { it.readBytes().decodeToString(throwOnInvalidSequence = true) })
} catch (error: FormatException) {
    throw MobileViTException.Malformed(path, error)
} catch (error: CharacterCodingException) {
    throw MobileViTException.Malformed(path, error)
} catch (error: IOException) {
    throw MobileViTException.Missing(path, error)
}

/** @throws MobileViTException.Mismatch unless the artifact at `path` is the file that the manifest describes. */
internal fun checkArtifact(assets: AssetManager, path: String, manifest: Manifest) = try {
    assets.open(path).use { checkBytes(it, path, manifest) }
} catch (error: IOException) {
    throw MobileViTException.Missing(path, error)
}

internal fun checkBytes(bytes: InputStream, path: String, manifest: Manifest) {
    val digest = MessageDigest.getInstance("SHA-256")
    val chunk = ByteArray(1 shl 16)
    while (true) {
        val read = bytes.read(chunk)
        if (read < 0) break
        digest.update(chunk, 0, read)
    }
    val found = digest.digest().joinToString("") { "%02x".format(it) }
    if (found != manifest.artifact.sha256) throw MobileViTException.Mismatch(path, "sha256 $found")
}
