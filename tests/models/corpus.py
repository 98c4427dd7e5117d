"""Short German sentences with their English translations."""

PAIRS = [
    line.strip().split(" | ")
    for line in """
    guten morgen . | good morning .
    guten abend . | good evening .
    gute nacht . | good night .
    wie geht es dir ? | how are you ?
    mir geht es gut . | i am fine .
    wie heißt du ? | what is your name ?
    wo wohnst du ? | where do you live ?
    ich wohne in berlin . | i live in berlin .
    ich wohne in einem kleinen haus . | i live in a small house .
    das haus ist klein . | the house is small .
    das haus ist groß . | the house is big .
    der hund ist groß . | the dog is big .
    der hund ist müde . | the dog is tired .
    die katze ist müde . | the cat is tired .
    die katze schläft . | the cat is sleeping .
    der hund schläft . | the dog is sleeping .
    der hund trinkt wasser . | the dog is drinking water .
    die katze trinkt milch . | the cat is drinking milk .
    ich trinke wasser . | i am drinking water .
    ich trinke gern kaffee . | i like to drink coffee .
    ich lese ein buch . | i am reading a book .
    sie liest ein buch . | she is reading a book .
    er liest eine zeitung . | he is reading a newspaper .
    wir lesen die zeitung . | we are reading the newspaper .
    das buch ist neu . | the book is new .
    das buch ist sehr alt . | the book is very old .
    ich habe einen hund . | i have a dog .
    ich habe eine katze . | i have a cat .
    er hat ein neues auto . | he has a new car .
    sie hat ein altes auto . | she has an old car .
    das auto ist rot . | the car is red .
    der apfel ist rot . | the apple is red .
    ich esse einen apfel . | i am eating an apple .
    wir essen heute brot . | we are eating bread today .
    das brot ist alt . | the bread is old .
    das wetter ist heute schön . | the weather is nice today .
    heute regnet es . | it is raining today .
    morgen regnet es nicht . | it will not rain tomorrow .
    ich gehe heute nach hause . | i am going home today .
    wir gehen morgen nach hause . | we are going home tomorrow .
    ich arbeite nicht . | i do not work .
    sie arbeitet heute nicht . | she is not working today .
    er spielt mit dem hund . | he is playing with the dog .
    die kinder spielen im garten . | the children are playing in the garden .
    die kinder schlafen . | the children are sleeping .
    der garten ist schön . | the garden is beautiful .
    ich verstehe dich nicht . | i do not understand you .
    ich liebe dich . | i love you .
    """.strip().splitlines()
]
