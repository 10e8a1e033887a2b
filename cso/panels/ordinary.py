"""Words that are names as well. Pure data, folded: lower case, without accents.

As a name they are masked only where they begin with a capital, for else "the line was long" would lose its line.
"""

# Such as stand at the beginning of a sentence, where a capital says nothing.
LITTLE = frozenset(
    """
    a and are as at au aux be but by ca car ce ces da dans das de del della den der des di do don dos du el elle
    elles en est et ete for go had has have he her his il ils in is it its je la las le les leur los lui ma mais
    man me mes mi mon my ne no nor nos not notre nous now of on or os ou our par pas per pour qu que qui se ses
    she si so st sur ta tes than that the them then there they this to too tu un und une us very vo von vos votre
    vous was we were what when who why with you your yu
    """.split()  # noqa: SIM905 (a list of words is read as words)
)
ORDINARY = LITTLE | frozenset(
    """
    able ai air al an angel angle apple april archer arm ash august autumn bailey baker ball bank banks barber
    barn barnes bass bay beach bean beau bell berry best bird bishop black blanc bland bloom blue boeuf bois bon
    bond bonne book booth bow bowl boy branch brave bridge bridges bright brook brooks brown brun buck bull burns
    bush butcher butler butter campagne canal cannon carpenter carrier carter castle chance chapel chapelle charge
    charity chase chef cherry child church clay clean clear clerc clerk cliff cloud coffee cold cole colon comfort
    commerce conductor constant cook cool cooper corner cotton couch counter court couture cox craft crane crew
    crisp cross crystal curry daisy dale dame dawn day deal dean dear delay desk diamond dick dollar dome double
    doux drake drew driver drop drum duc duke eagle early earth east easter etoile fair faith farmer favor feather
    field fields finger fish fisher flag fleur fleury flood flora flower flowers fontaine foot ford forest foster
    fountain fox franc france franche frank free french fresh friend frost fuller gage game garden gardener gate
    gates gay gem general gentle gift ginger glass gold golden good grace grand grande grant grass grave gray
    great green grey grove guard guide gun guy ha hall ham hand hands happy hard hardy harmony harper harvest hay
    heath heather heavy helper hill hills ho holiday holly home hood hook hope horn house hunt hunter iris iron
    island ivory ivy jack jade jan jewel joie jolie jolly joy juillet june junior justice keen key keys kind king
    kings kitchen knight lake lamb lance land lane large law lawn leaf leger lemon lent levy light lily line lines
    little lo lock long loop lord love lu lucky lune mac mai main maison major manager many march mark marks marsh
    martel martin mason masse master may meadow mercier mercy merit merle messier mile miles mill miller mills
    mine minor mint monday moon moor moore moreau morin moss mount mouse nation neige new newman nice noble noel
    noir norm north nuit oak olive page palace palmer paradis parc paris park parker parks patience peace pearl
    peer penny pepper perle petit petite pierce pierre place plain plant plat point pointe pole pond pool poole
    pope port porter portier post potter power pratt precious premier price pride priest prince prize proud quick
    rain ranger rapid ray read ready reed reine rice rich ring river rivera rivers riviere robin rock romain roman
    room rose rosier roux row royal ruby rue rush russe sa sage saint salle salt samedi san sand sands sauvage
    savage say scales school sears senior service sharp shaw shell shepherd shore short shorts silver simple
    singer sky sloan slow small smart snow soir soleil solid some son sonny south spark sparks speaker spencer
    spring square staff star stark starling station steel steward stone storm strange street strong summer summers
    sun sunday sunny sweet swift tall tank taylor te teller temple terminal terry thorn thorne toi ton tour tower
    towers town train travel travers tree trip true trust turner twist underwood usher vache vale van vert verte
    victor view ville villeneuve viola violet virgin vivien voyage wade waiter walk walker wall waller ward water
    waters way weaver webb weeks well wells west wheeler white wild wilder will win winter winters wise wolf wood
    woods worth wright yard young
    """.split()  # noqa: SIM905 (as above)
)
# After these somebody says something bad, or may: it is not taken for praise.
DOUBTFUL = frozenset(
    """
    although angry annoyed annoying arrogant atrocious aucun aucune awful bad badly but careless complain
    complaint condescending couldn decu decue deplorable desagreable despite didn dirty disappointed disappointing
    disgusting dishonest disrespectful doesn dommage except failed grumpy hardly hasn horrible hostile however
    hurt ignorant ignored ignoring impatient impatiente impoli impolie impolite inacceptable incompetent
    incompetente jamais joke lacked lacking late lazy lent lente lied lying mais malheureusement malpoli malpolie
    mauvais mauvaise mean mediocre menteur menteuse mess miserable nasty neglected never no nobody none nope not
    nothing nul nulle odieuse odieux pas pathetic pire poor poorly problem probleme racist regret rien rude rudely
    rudeness sale sauf sexist shame shameful shouted shouting slow terrible terribly though unacceptable unfair
    unfortunately unfriendly unhappy unhelpful unkind unless unpleasant unprofessional unwilling upset useless
    vulgar wasn waste weren without won worse worst wouldn wrong yelled yelling zero
    """.split()  # noqa: SIM905 (as above)
)
