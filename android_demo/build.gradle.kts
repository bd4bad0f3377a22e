// AGP 9 compiles Kotlin itself, with the Kotlin Gradle plugin that stands on the class path here: 2.4.20, by kotlin-jvm.
plugins {
    alias(libs.plugins.android.application) apply false
    alias(libs.plugins.android.library) apply false
    alias(libs.plugins.kotlin.jvm) apply false
    alias(libs.plugins.kotlin.compose) apply false
}
