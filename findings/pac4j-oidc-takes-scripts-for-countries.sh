#!/bin/sh
# pac4j-oidc 6.5.5 (Maven Central), Java 17.
#
# Expected: `OidcProfile.getLocale()` is the person's `locale`, which is a language tag of
# BCP 47 (OpenID Connect Core section 5.1; RFC 5646 section 2.1 has the script between
# language and region), as `Locale.forLanguageTag` reads it.
#
# Seen: it knows only a language and a country. "zh-Hant" becomes Chinese of the country
# "HANT", "sr-Latn" Serbian of "LATN": written as tags they are "zh" and "sr", and who wants
# traditional characters or Latin letters is not known any more. With script and region,
# "zh-Hant-TW", there is no locale at all, and the attribute is a `String` and no `Locale`.
# "de-CH" and "es-419" are right. Exits non-zero once that is no longer so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId><artifactId>finding</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.pac4j</groupId><artifactId>pac4j-oidc</artifactId><version>6.5.5</version>
    </dependency>
  </dependencies>
</project>
XML
mvn --quiet --batch-mode -Dmaven.repo.local="$folder/repository" \
  dependency:copy-dependencies -DoutputDirectory=lib >/dev/null
cat > Run.java <<'JAVA'
import java.util.*;
import org.pac4j.oidc.profile.*;

public class Run {
  public static void main(String[] none) {
    var seen = new ArrayList<String>();
    for (String tag : List.of("de-CH", "es-419", "zh-Hant", "sr-Latn", "zh-Hant-TW")) {
      var definition = new OidcProfileDefinition();
      var profile = (OidcProfile) definition.newProfile();
      definition.convertAndAdd(profile, new HashMap<>(Map.of("locale", tag)), null);
      Locale locale = profile.getLocale();
      seen.add(tag + ": " + (locale == null ? "null" : locale.toLanguageTag())
          + " (" + profile.getAttribute("locale").getClass().getSimpleName() + ")");
    }
    String line = String.join(" | ", seen);
    System.out.println(line);
    System.exit(line.equals("de-CH: de-CH (Locale) | es-419: es-419 (Locale)"
        + " | zh-Hant: zh (Locale) | sr-Latn: sr (Locale) | zh-Hant-TW: null (String)") ? 0 : 1);
  }
}
JAVA
java -cp 'lib/*' Run.java 2>errors || { cat errors; exit 1; }
