package io.github.mobilevitedgekit

import android.content.res.AssetManager
import io.github.mobilevitedgekit.core.FormatException
import io.github.mobilevitedgekit.core.GoldenSet
import io.github.mobilevitedgekit.core.Manifest
import java.io.FileInputStream
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
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

/** The bytes of the artifact, mapped from the package, where assets of that kind lie uncompressed; hash checked. */
internal fun mapped(assets: AssetManager, path: String, manifest: Manifest): ByteBuffer = try {
    assets.openFd(path).use { asset ->
        FileInputStream(asset.fileDescriptor).use { stream ->
            stream.channel.map(FileChannel.MapMode.READ_ONLY, asset.startOffset, asset.declaredLength)
        }
    }
} catch (error: IOException) {
    throw MobileViTException.Missing(path, error)
}.also { checkBytes(it, path, manifest) }

/** @throws MobileViTException.Mismatch unless they are the bytes that the manifest describes. */
internal fun checkBytes(bytes: ByteBuffer, path: String, manifest: Manifest) {
    val digest = MessageDigest.getInstance("SHA-256").apply { update(bytes.duplicate()) }.digest()
    val found = digest.joinToString("") { "%02x".format(it) }
    if (found != manifest.artifact.sha256) throw MobileViTException.Mismatch(path, "sha256 $found")
}
