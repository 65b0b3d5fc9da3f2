package fanal.plugin;

import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.ar.ArabicNormalizationFilter;
import org.apache.lucene.analysis.ckb.SoraniNormalizationFilter;
import org.apache.lucene.analysis.cjk.CJKBigramFilter;
import org.apache.lucene.analysis.cjk.CJKWidthFilter;
import org.apache.lucene.analysis.core.DecimalDigitFilter;
import org.apache.lucene.analysis.de.GermanNormalizationFilter;
import org.apache.lucene.analysis.fa.PersianNormalizationFilter;
import org.apache.lucene.analysis.hi.HindiNormalizationFilter;
import org.apache.lucene.analysis.in.IndicNormalizationFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.TrimFilter;
import org.apache.lucene.analysis.ngram.EdgeNGramTokenFilter;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.analysis.NormalizingTokenFilterFactory;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;

/**
 * Token filters under the names, and with the parameters, that they have in a full Elasticsearch.
 *
 * <p>The server builds each of them with empty settings for every index, so only filters that need no parameter are
 * here: one that insists on a parameter would make every index creation fail.
 */
final class Filters {
    private Filters() {}

    static Map<String, AnalysisProvider<TokenFilterFactory>> providers() {
        Map<String, AnalysisProvider<TokenFilterFactory>> all = new TreeMap<>();
        all.put("edge_ngram", (index, environment, name, settings) -> plain(name, settings, Filters::edges));
        all.put("asciifolding", (index, environment, name, settings) -> normalizing(name, settings, Filters::fold));
        all.put("arabic_normalization", simple(ArabicNormalizationFilter::new));
        all.put("persian_normalization", simple(PersianNormalizationFilter::new));
        all.put("sorani_normalization", simple(SoraniNormalizationFilter::new));
        all.put("german_normalization", simple(GermanNormalizationFilter::new));
        all.put("hindi_normalization", simple(HindiNormalizationFilter::new));
        all.put("indic_normalization", simple(IndicNormalizationFilter::new));
        all.put("decimal_digit", simple(DecimalDigitFilter::new));
        all.put("cjk_width", simple(CJKWidthFilter::new));
        all.put("trim", simple(TrimFilter::new));
        all.put("cjk_bigram", (index, environment, name, settings) ->
                plain(name, settings, (stream, ignored) -> new CJKBigramFilter(stream)));
        return all;
    }

    private static TokenStream edges(TokenStream stream, Settings settings) {
        int least = settings.getAsInt("min_gram", 1);
        int most = settings.getAsInt("max_gram", 2);
        return new EdgeNGramTokenFilter(stream, least, most, settings.getAsBoolean("preserve_original", false));
    }

    private static TokenStream fold(TokenStream stream, Settings settings) {
        return new ASCIIFoldingFilter(stream, settings.getAsBoolean("preserve_original", false));
    }

    private static AnalysisProvider<TokenFilterFactory> simple(UnaryOperator<TokenStream> filter) {
        return (index, environment, name, settings) ->
                normalizing(name, settings, (stream, ignored) -> filter.apply(stream));
    }

    private static TokenFilterFactory plain(
            String name, Settings settings, BiFunction<TokenStream, Settings, TokenStream> filter) {
        return new TokenFilterFactory() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public TokenStream create(TokenStream stream) {
                return filter.apply(stream, settings);
            }
        };
    }

    /** A filter that keeps one token one token, so that a keyword field's normalizer may use it too. */
    private static TokenFilterFactory normalizing(
            String name, Settings settings, BiFunction<TokenStream, Settings, TokenStream> filter) {
        return new NormalizingTokenFilterFactory() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public TokenStream create(TokenStream stream) {
                return filter.apply(stream, settings);
            }
        };
    }
}
