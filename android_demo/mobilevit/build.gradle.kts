plugins {
    alias(libs.plugins.android.library)
}

android {
    namespace = "io.github.mobilevitedgekit"
    compileSdk = libs.versions.compileSdk.get().toInt()

    defaultConfig {
        minSdk = libs.versions.minSdk.get().toInt()
    }

    testOptions {
        unitTests.all { it.systemProperty("mobilevit.fixtures", projectDir.resolve("../../tests/fixtures").path) }
    }
}

dependencies {
    api(project(":core"))
    implementation(libs.litert)
    testImplementation(libs.kotlin.test.junit)
    testImplementation(libs.junit)
}
