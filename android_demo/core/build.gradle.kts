import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    alias(libs.plugins.kotlin.jvm)
}

// Android 6 runs this, so it may use what Java 8 has: against newer classes calls as simple as ByteBuffer.rewind() would
// name methods that are not there.
java {
    sourceCompatibility = JavaVersion.VERSION_1_8
    targetCompatibility = JavaVersion.VERSION_1_8
}

kotlin {
    compilerOptions {
        jvmTarget = JvmTarget.JVM_1_8
        freeCompilerArgs.add("-Xjdk-release=8")
        allWarningsAsErrors = true
    }
}

dependencies {
    testImplementation(libs.kotlin.test.junit)
    testImplementation(libs.junit)
}

tasks.test {
    val fixtures = projectDir.resolve("../../tests/fixtures")
    inputs.dir(fixtures)
    systemProperty("mobilevit.fixtures", fixtures.path)
}
