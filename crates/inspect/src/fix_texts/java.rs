//! Spring: a CORS filter before all others, Spring Security's among them.

use super::policy::ServerPolicy;
use super::quoting::{Unwritable, list, quoted};

pub(super) fn spring(policy: &ServerPolicy) -> Result<String, Unwritable> {
    let cors = policy.cors_alone()?;
    let path = quoted(policy.plain_path()?, '"')?;
    let mut setters = format!(
        "        cors.setAllowedOrigins(List.of({}));{}\n        \
         cors.setAllowedMethods(List.of({}));\n",
        quoted(cors.allow_origin(), '"')?,
        cors.each_origin(" //"),
        list(&cors.methods, '"')?,
    );
    for (setter, names) in [("setAllowedHeaders", &cors.headers), ("setExposedHeaders", &cors.expose)] {
        if !names.is_empty() {
            setters.push_str(&format!("        cors.{setter}(List.of({}));\n", list(names, '"')?));
        }
    }
    if cors.credentials {
        setters.push_str("        cors.setAllowCredentials(true);\n");
    }
    if let Some(seconds) = cors.max_age {
        setters.push_str(&format!("        cors.setMaxAge({seconds}L);\n"));
    }
    Ok(format!(
        "import java.util.List;\n\n\
         import org.springframework.boot.web.servlet.FilterRegistrationBean;\n\
         import org.springframework.context.annotation.Bean;\n\
         import org.springframework.context.annotation.Configuration;\n\
         import org.springframework.core.Ordered;\n\
         import org.springframework.web.cors.CorsConfiguration;\n\
         import org.springframework.web.cors.UrlBasedCorsConfigurationSource;\n\
         import org.springframework.web.filter.CorsFilter;\n\n\
         @Configuration\nclass PagesOfOtherOrigins {{\n\
         \x20   // Before all filters, those of Spring Security among them: it answers preflights itself.\n    \
         @Bean\n    FilterRegistrationBean<CorsFilter> pagesOfOtherOrigins() {{\n        \
         CorsConfiguration cors = new CorsConfiguration();\n{setters}        \
         UrlBasedCorsConfigurationSource source = new UrlBasedCorsConfigurationSource();\n        \
         source.registerCorsConfiguration({path}, cors);\n        \
         FilterRegistrationBean<CorsFilter> filter = new FilterRegistrationBean<>(new CorsFilter(source));\n        \
         filter.setOrder(Ordered.HIGHEST_PRECEDENCE);\n        return filter;\n    }}\n}}\n"
    ))
}
